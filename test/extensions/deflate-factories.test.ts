import { describe, expect, test } from "vitest";
import {
  ClientPerMessageDeflateFactory,
  ServerPerMessageDeflateFactory,
} from "../../src/extensions/deflate-factories.ts";

describe("the factories for applications", () => {
  test("agree with the codecs of the thread, without anything else loaded before", () => {
    const client = new ClientPerMessageDeflateFactory();
    const server = new ServerPerMessageDeflateFactory({ serverMaxWindowBits: 9, serverNoContextTakeover: true });
    const offer = client.requestParameters() ?? [];
    const { parameters, extension } = server.processRequest(offer, []);
    expect(parameters).toEqual([
      ["server_no_context_takeover", null],
      ["server_max_window_bits", "9"],
    ]);
    expect(extension.name).toBe("permessage-deflate");
    expect(client.processResponse(parameters, []).name).toBe("permessage-deflate");
  });

  test("refuse options that cannot be used", () => {
    expect(() => new ClientPerMessageDeflateFactory({ clientMaxWindowBits: 7 })).toThrow(RangeError);
    expect(() => new ServerPerMessageDeflateFactory({ memLevel: 0 })).toThrow(RangeError);
  });
});

import { describe, expect, test } from "vitest";
import { NegotiationError } from "../../src/errors/handshake.ts";
import { ClientDeflateFactory } from "../../src/extensions/client-deflate-factory.ts";
import type { ClientPerMessageDeflateOptions } from "../../src/extensions/deflate-options.ts";
import { PerMessageDeflate } from "../../src/extensions/per-message-deflate.ts";
import { formatExtensions, parseExtensions } from "../../src/http/fields.ts";
import { confirmExtensions } from "../../src/protocol/negotiation.ts";
import { FakeCompression } from "../support/fake-compression.ts";

const compression = new FakeCompression();

function factory(options: ClientPerMessageDeflateOptions = {}): ClientDeflateFactory {
  return new ClientDeflateFactory(options, () => compression);
}

function confirm(answer: string, ...factories: ClientDeflateFactory[]): PerMessageDeflate[] {
  return confirmExtensions(parseExtensions([answer]), factories) as PerMessageDeflate[];
}

describe("ClientDeflateFactory", () => {
  test.each<[ClientPerMessageDeflateOptions, string]>([
    [{}, "permessage-deflate; client_max_window_bits"],
    [{ clientMaxWindowBits: null }, "permessage-deflate"],
    [{ clientMaxWindowBits: 8 }, "permessage-deflate; client_max_window_bits=8"],
    [
      { serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 9 },
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits",
    ],
  ])("offers %j", (options, offer) => {
    const { name } = factory();
    expect(formatExtensions([{ name, parameters: factory(options).requestParameters() ?? [] }])).toBe(offer);
  });

  test("makes the extension of the answer", () => {
    const answer =
      "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10; server_no_context_takeover";
    const [extension] = confirm(answer, factory({ level: 9, memLevel: 1, threshold: 5 }));
    expect(extension).toBeInstanceOf(PerMessageDeflate);
    expect(extension?.decoding).toEqual({ windowBits: 9, keepsContext: false });
    expect(extension?.encoding).toEqual({ windowBits: 10, keepsContext: true, level: 9, memLevel: 1, threshold: 5 });
  });

  test.each([
    ["permessage-deflate; client_max_window_bits", "missing value for parameter client_max_window_bits"],
    ["permessage-deflate; server_max_window_bits=16", "invalid value for parameter server_max_window_bits: 16"],
    ["permessage-deflate; unknown", "invalid parameter name: unknown"],
    ["permessage-deflate; server_no_context_takeover=1", "invalid value for parameter server_no_context_takeover: 1"],
    ["permessage-deflate, permessage-deflate", "second permessage-deflate"],
  ])("refuses the answer %j", (answer, problem) => {
    expect(() => confirm(answer, factory())).toThrow(NegotiationError);
    expect(() => confirm(answer, factory())).toThrow(
      `unacceptable answer for extension permessage-deflate: ${problem}`,
    );
  });

  test("refuses a window that it did not offer to limit", () => {
    expect(() =>
      confirm("permessage-deflate; client_max_window_bits=9", factory({ clientMaxWindowBits: null })),
    ).toThrow("unexpected client_max_window_bits");
  });

  test("leaves an answer to the one of several that can live with it", () => {
    const [extension] = confirm("permessage-deflate", factory({ serverMaxWindowBits: 9 }), factory({ level: 7 }));
    expect(extension?.encoding.level).toBe(7);
  });

  test("offers and accepts nothing where there are no codecs", () => {
    const without = new ClientDeflateFactory({}, () => null);
    expect(without.requestParameters()).toBeNull();
    expect(() => confirm("permessage-deflate", without)).toThrow("there is no WebAssembly here");
  });

  test("refuses options that cannot be used", () => {
    expect(() => factory({ clientMaxWindowBits: 7 })).toThrow(RangeError);
    expect(() => factory({ level: 10 })).toThrow(RangeError);
  });
});

import { describe, expect, test } from "vitest";
import type { ServerPerMessageDeflateOptions } from "../../src/extensions/deflate-options.ts";
import { PerMessageDeflate } from "../../src/extensions/per-message-deflate.ts";
import { ServerDeflateFactory } from "../../src/extensions/server-deflate-factory.ts";
import { formatExtensions, parseExtensions } from "../../src/http/fields.ts";
import { acceptExtensions } from "../../src/protocol/negotiation.ts";
import { FakeCompression } from "../support/fake-compression.ts";

const compression = new FakeCompression();

function factory(options: ServerPerMessageDeflateOptions = {}): ServerDeflateFactory {
  return new ServerDeflateFactory(options, () => compression);
}

function accept(offers: string, ...factories: ServerDeflateFactory[]) {
  const { answers, extensions } = acceptExtensions(parseExtensions([offers]), factories);
  return { answer: formatExtensions(answers), extensions: extensions as PerMessageDeflate[] };
}

describe("ServerDeflateFactory", () => {
  test("answers, and makes the extension of that", () => {
    const options = { serverMaxWindowBits: 12, clientMaxWindowBits: 12, level: 9, memLevel: 1, threshold: 5 };
    const { answer, extensions } = accept("permessage-deflate; client_max_window_bits=8", factory(options));
    expect(answer).toBe("permessage-deflate; server_max_window_bits=12; client_max_window_bits=8");
    expect(extensions).toHaveLength(1);
    expect(extensions[0]).toBeInstanceOf(PerMessageDeflate);
    expect(extensions[0]?.decoding).toEqual({ windowBits: 8, keepsContext: true });
    expect(extensions[0]?.encoding).toEqual({
      windowBits: 12,
      keepsContext: true,
      level: 9,
      memLevel: 1,
      threshold: 5,
    });
  });

  test("keeps no window for a client that cannot limit it", () => {
    const { answer, extensions } = accept("permessage-deflate", factory({ clientMaxWindowBits: 12 }));
    expect(answer).toBe("permessage-deflate; client_no_context_takeover");
    expect(extensions[0]?.decoding).toEqual({ windowBits: 15, keepsContext: false });
    expect(extensions[0]?.encoding).toMatchObject({ windowBits: 15, keepsContext: true });
  });

  // seed 91: a bad offer is never the end of the handshake
  test.each([
    ["unknown parameter", "permessage-deflate; bogus"],
    ["parameter that comes twice", "permessage-deflate; server_no_context_takeover; server_no_context_takeover"],
    ["flag with a value", "permessage-deflate; client_no_context_takeover=true"],
    ["window of 7", "permessage-deflate; server_max_window_bits=7"],
    ["window of 16", "permessage-deflate; client_max_window_bits=16"],
    ["window of 42", "permessage-deflate; client_max_window_bits=42"],
    ["window of 08", "permessage-deflate; server_max_window_bits=08"],
    ["window of 08 in quotes", 'permessage-deflate; server_max_window_bits="08"'],
    ["window without a value", "permessage-deflate; server_max_window_bits"],
    ["name in capitals", "Permessage-Deflate"],
    ["older extension", "x-webkit-deflate-frame"],
  ])("passes over an offer with an %s for the next", (_what, offer) => {
    expect(accept(offer, factory()).answer).toBe("");
    expect(accept(`${offer}, permessage-deflate; server_max_window_bits=10`, factory()).answer).toBe(
      "permessage-deflate; server_max_window_bits=10",
    );
    expect(accept(`permessage-deflate, ${offer}`, factory()).answer).toBe("permessage-deflate");
  });

  // seed 93
  test("takes one of several good offers", () => {
    const offers = "permessage-deflate; server_no_context_takeover, permessage-deflate; server_max_window_bits=9";
    const { answer, extensions } = accept(offers, factory(), factory());
    expect(answer).toBe("permessage-deflate; server_no_context_takeover");
    expect(extensions).toHaveLength(1);
  });

  test("takes a window in quotes, and one of 8", () => {
    expect(accept('permessage-deflate; server_max_window_bits="8"', factory()).answer).toBe(
      "permessage-deflate; server_max_window_bits=8",
    );
  });

  test("may require that the window of the client can be limited", () => {
    const strict = factory({ clientMaxWindowBits: 12, requireClientMaxWindowBits: true });
    expect(accept("permessage-deflate", strict).answer).toBe("");
    expect(accept("permessage-deflate; client_max_window_bits", strict).answer).toBe(
      "permessage-deflate; client_max_window_bits=12",
    );
  });

  // Autobahn 13.7
  test("answers the first of three offers", () => {
    const flags = "permessage-deflate; client_no_context_takeover; client_max_window_bits";
    const offers = `${flags}; server_no_context_takeover; server_max_window_bits=9, ${flags}; server_no_context_takeover, ${flags}`;
    expect(accept(offers, factory({ serverMaxWindowBits: 12, clientMaxWindowBits: 12 })).answer).toBe(
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=12",
    );
  });

  test("declines where there are no codecs", () => {
    expect(accept("permessage-deflate", new ServerDeflateFactory({}, () => null)).answer).toBe("");
  });

  test("refuses options that cannot be used", () => {
    expect(() => factory({ serverMaxWindowBits: 16 })).toThrow(RangeError);
    expect(() => factory({ memLevel: 0 })).toThrow(RangeError);
  });
});

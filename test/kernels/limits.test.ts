import { describe, expect, test } from "vitest";
import { FAULT_FRAGMENT_TOO_BIG, FAULT_MESSAGE_TOO_BIG } from "../../src/kernels/constants.ts";
import { ParserState } from "../../src/kernels/kernels.ts";
import { framesOf, IMPLEMENTATIONS, parseChunk, ROLES, wire } from "./harness.ts";

describe.each(IMPLEMENTATIONS)("%s", (_name, kernels) => {
  describe.each(ROLES)("%s", (_role, config) => {
    test.each([
      ["a message at its limit", 5, Infinity, "82 05|01 02 03 04 05", 1],
      ["fragments whose sum is at the limit", 5, Infinity, "02 02|01 02, 00 00|, 80 03|03 04 05", 3],
      ["messages that only together pass the limit", 2, Infinity, "82 02|01 02, 82 02|01 02", 2],
      ["fragments at their limit", Infinity, 2, "02 02|01 02, 80 02|03 04", 2],
      ["an empty message at a limit of 0", 0, 0, "81 00|", 1],
      ["control frames above the limits", 1, 1, "02 01|01, 89 03|61 62 63, 8a 03|61 62 63, 80 00|", 4],
      ["limits that are no integers", 5.5, 5.5, "82 05|01 02 03 04 05", 1],
    ])("parse() accepts %s", (_what, maxMessage, maxFragment, frames, count) => {
      const state = new ParserState(config, maxMessage, maxFragment);
      expect(framesOf(parseChunk(kernels, state, wire(frames, config)))).toHaveLength(count);
      expect(state.fault).toBe(0);
    });

    // Only headers of what is too big: judged before any payload.
    test.each([
      ["a message", 5, Infinity, "82 06|", FAULT_MESSAGE_TOO_BIG, 6, 0],
      ["the last of fragments", 5, Infinity, "02 02|01 02, 00 02|01 02, 80 02|", FAULT_MESSAGE_TOO_BIG, 2, 2],
      ["a fragment", Infinity, 5, "02 06|", FAULT_FRAGMENT_TOO_BIG, 6, 0],
      ["a fragment, also where the message is", 5, 5, "82 06|", FAULT_FRAGMENT_TOO_BIG, 6, 0],
      ["one byte at a limit of 0", 0, Infinity, "81 01|", FAULT_MESSAGE_TOO_BIG, 1, 0],
      ["a long length", 65_535, Infinity, "82 7f 00 00 00 00 00 01 00 00|", FAULT_MESSAGE_TOO_BIG, 65_536, 0],
      ["2^60 bytes", 65_535, 65_535, "82 7f 10 00 00 00 00 00 00 00|", FAULT_FRAGMENT_TOO_BIG, 2 ** 60, 0],
      [
        "the sum above 2^53",
        Infinity,
        Infinity,
        "02 01|01, 80 7f 00 1f ff ff ff ff ff ff|",
        FAULT_MESSAGE_TOO_BIG,
        2 ** 53 - 1,
        1,
      ],
    ])("parse() rejects by its header %s", (_what, maxMessage, maxFragment, frames, fault, faultDetail, before) => {
      const state = new ParserState(config, maxMessage, maxFragment);
      const bytes = wire(frames, config);
      const withoutKey = config === 0 ? bytes : bytes.subarray(0, -4);
      expect(framesOf(parseChunk(kernels, state, withoutKey))).toHaveLength(before);
      expect(state).toMatchObject({ fault, faultDetail });
    });

    test("parse() counts a frame of 2^53 - 1 bytes", () => {
      const state = new ParserState(config);
      expect(parseChunk(kernels, state, wire("82 7f 00 1f ff ff ff ff ff ff|00 01", config))).toHaveLength(1);
      expect(state).toMatchObject({ fault: 0, remaining: 2 ** 53 - 3, messageLength: 2 ** 53 - 1 });
    });

    test("parse() counts a header once that comes in two chunks", () => {
      const state = new ParserState(config, 4);
      const bytes = wire("02 02|01 02, 80 02|01 02", config);
      for (const byte of bytes) parseChunk(kernels, state, Uint8Array.of(byte));
      expect(state).toMatchObject({ fault: 0, message: 0 });
    });
  });
});

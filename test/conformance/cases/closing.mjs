// Cases 7: how connections end.
import { closing, echoed, frame, more, ping, text } from "../play.mjs";
import { INVALID_TEXT } from "./utf8.mjs";

const one = (id, frames, replies = [], rest = {}) => ({ id, steps: [{ send: frames }], replies, ...rest });
const refused = (...codes) => ({ codes, clean: false });

const GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const BAD_CODES = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
const LONG = Buffer.alloc(256 * 1024, "BAsd7&jh23");

export const CLOSING = [
  one("7.1.1", [text("Hello World!")], [echoed("Hello World!")]),
  one("7.1.2", [closing(1000), frame(0x88)]),
  one("7.1.3", [closing(1000), ping()]),
  one("7.1.4", [closing(1000), text("Hello World!")]),
  one("7.1.5", [text("fragment1", false), closing(1000), more("fragment2", true)]),
  one("7.1.6", [text(LONG), text("Hello World!"), closing(1000), ping()], [], { informational: true }),
  one("7.3.1", [frame(0x88)]),
  one("7.3.2", [frame(0x88, "a")], [], refused(1002)),
  one("7.3.3", [closing(1000)]),
  one("7.3.4", [closing(1000, "Hello World!")]),
  one("7.3.5", [closing(1000, "*".repeat(123))]),
  one("7.3.6", [closing(1000, "*".repeat(124))], [], refused(1002)),
  one("7.5.1", [closing(1000, INVALID_TEXT)], [], refused(1002, 1007)),
  ...GOOD_CODES.map((code, i) => one(`7.7.${i + 1}`, [closing(code)], [], { codes: [1000, code] })),
  ...BAD_CODES.map((code, i) => one(`7.9.${i + 1}`, [closing(code)], [], refused(1002))),
  one("7.13.1", [closing(5000)], [], { informational: true }),
  one("7.13.2", [closing(65_535)], [], { informational: true }),
];

// Cases 12 and 13: permessage-deflate with different data, and with different parameters.
import { createHash } from "node:crypto";

const JSON_LENGTH = 194_056;

/** Numbers that look random and are the same each time. */
function* numbers(seed) {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

const WORDS = (
  "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie " +
  "nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein"
).split(" ");

function words(length, seed) {
  const random = numbers(seed);
  let prose = "";
  while (prose.length < length) prose += `${WORDS[Math.floor(random.next().value * WORDS.length)]} `;
  return prose.slice(0, length);
}

function records(length) {
  const random = numbers(7);
  let lines = "";
  for (let id = 0; lines.length < length; id++) {
    const value = random.next().value;
    lines += `${JSON.stringify({ id, name: `user${Math.floor(value * 1000)}`, score: value, tags: ["a", "b"] })},\n`;
  }
  return lines.slice(0, length);
}

function picture(length) {
  const random = numbers(9);
  const octets = Buffer.alloc(length);
  for (let i = 0; i < length; i++) octets[i] = ((i % 768) >> 2) + (random.next().value < 0.1 ? 17 : 0);
  return octets;
}

function noise(length) {
  const blocks = [];
  for (let i = 0; blocks.length * 64 < length; i++) blocks.push(createHash("sha512").update(String(i)).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

function markup(length) {
  let html = "";
  for (let i = 0; html.length < length; i++)
    html += `<tr class="row${i % 2}"><td>${i}</td><td>${words(30, i)}</td></tr>\n`;
  return html.slice(0, length);
}

/** Makes it when it is first wanted. */
function once(make) {
  let made;
  return () => {
    made ??= make();
    return made;
  };
}

const FILES = [
  [0x01, once(() => records(JSON_LENGTH))],
  [0x02, once(() => picture(263_222))],
  [0x02, once(() => Buffer.from(words(222_218, 3), "latin1"))],
  [0x01, once(() => markup(263_647))],
  [0x02, once(() => noise(1_042_328))],
];

const LENGTHS = [16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072];
/** Length of messages, and of fragments on the wire. */
const SUBCASES = [
  ...LENGTHS.map((length) => [length, Infinity]),
  ...LENGTHS.slice(5).map((length) => [length, 256]),
  ...[1024, 4096, 32_768].map((size) => [131_072, size]),
];

const OFFER = "permessage-deflate; client_no_context_takeover; client_max_window_bits";
const withParameters = (...parameters) => [OFFER, ...parameters].join("; ");
const TAKEOVER = "server_no_context_takeover";
const BITS = "server_max_window_bits";

/** What is offered where the testing side is the client, and what it wishes of a client. */
const PARAMETERS = [
  [OFFER, [[]]],
  [withParameters(TAKEOVER), [["client_no_context_takeover"]]],
  [withParameters(`${BITS}=9`), [["client_max_window_bits=9"]]],
  [withParameters(`${BITS}=15`), [["client_max_window_bits=15"]]],
  [withParameters(TAKEOVER, `${BITS}=9`), [["client_no_context_takeover", "client_max_window_bits=9"]]],
  [withParameters(TAKEOVER, `${BITS}=15`), [["client_no_context_takeover", "client_max_window_bits=15"]]],
  [
    [withParameters(TAKEOVER, `${BITS}=9`), withParameters(TAKEOVER), OFFER].join(", "),
    [["client_no_context_takeover", "client_max_window_bits=9"], ["client_no_context_takeover"], []],
  ],
];

function compressed(id, [opcode, file], [length, size], [offer, wishes], count) {
  const play = async (session) => {
    const content = file();
    for (let i = 0; i < count && !session.isOver; i++) {
      const from = (i * length) % content.length;
      const window = content.slice(from, from + length);
      const rest = content.slice(0, length - window.length);
      const message = typeof window === "string" ? Buffer.from(window + rest) : Buffer.concat([window, rest]);
      await session.sendMessage(opcode, message, size);
      await session.until(() => session.events.length > i || session.isOver, 60_000);
      if (session.last?.opcode !== opcode || !message.equals(session.last.payload)) {
        session.faults.push(`message ${i} of ${count} came back as another one`);
        return;
      }
    }
  };
  const check = (session) => (session.isCompressing ? null : "unimplemented");
  return { id, play, check, offer, wishes, isLengthOnly: true };
}

export const compression = (count) => [
  ...FILES.flatMap((file, group) =>
    SUBCASES.map((sub, i) => compressed(`12.${group + 1}.${i + 1}`, file, sub, PARAMETERS[0], count)),
  ),
  ...PARAMETERS.flatMap((parameters, group) =>
    SUBCASES.map((sub, i) => compressed(`13.${group + 1}.${i + 1}`, FILES[0], sub, parameters, count)),
  ),
];

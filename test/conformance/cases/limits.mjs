// Cases 9: large messages, many fragments, small pieces, many messages. Only type and length of an echo are compared.
import { binary, fragments, frame, text } from "../play.mjs";

const KI = 1024;
const MI = KI * KI;
const KINDS = [
  ["text", 0x01],
  ["binary", 0x02],
];

const lengthIs = (opcode, length) => (session) => {
  const { last } = session;
  if (last === null) return "nothing came back";
  if (last.opcode !== opcode || last.payload.length !== length) return `another message: ${last.payload.length} octets`;
  return null;
};

function large(id, opcode, send, length, how = "once") {
  const play = async (session) => {
    await session.send(send(), how);
    await session.until(() => session.events.length > 0 || session.isOver, 100_000);
  };
  return { id, play, check: lengthIs(opcode, length), isLengthOnly: true };
}

/** `count` messages, each behind the echo of the one before. */
function lockStep(id, opcode, length, count) {
  const make = opcode === 0x01 ? text : binary;
  const play = async (session) => {
    const message = [make(Buffer.alloc(length, "*"))];
    for (let i = 1; i <= count && !session.isOver; i++) {
      await session.send(message);
      await session.until(() => session.events.length >= i || session.isOver, 60_000);
    }
  };
  const check = (session) =>
    session.events.length === count
      ? lengthIs(opcode, length)(session)
      : `${session.events.length} of ${count} came back`;
  return { id, play, check, isLengthOnly: true };
}

export const limits = (count) =>
  KINDS.flatMap(([, opcode], kind) => {
    const filled = (length) => Buffer.alloc(length, "*");
    return [
      ...[64 * KI, 256 * KI, MI, 4 * MI, 8 * MI, 16 * MI].map((length, i) =>
        large(`9.${1 + kind}.${i + 1}`, opcode, () => [frame(0x80 | opcode, filled(length))], length),
      ),
      ...[64, 256, KI, 4 * KI, 16 * KI, 64 * KI, 256 * KI, MI, 4 * MI].map((size, i) =>
        large(`9.${3 + kind}.${i + 1}`, opcode, () => fragments(opcode, filled(4 * MI), size), 4 * MI),
      ),
      ...[64, 128, 256, 512, 1024, 2048].map((size, i) =>
        large(`9.${5 + kind}.${i + 1}`, opcode, () => [frame(0x80 | opcode, filled(MI))], MI, size),
      ),
      ...[0, 16, 64, 256, 1024, 4096].map((length, i) => lockStep(`9.${7 + kind}.${i + 1}`, opcode, length, count)),
    ];
  });

// Opcodes of frames (RFC 6455 5.2).

/** Opcodes by name; the value is the one on the wire. */
export const Opcode = {
  CONTINUATION: 0x0,
  TEXT: 0x1,
  BINARY: 0x2,
  CLOSE: 0x8,
  PING: 0x9,
  PONG: 0xa,
} as const;

/** One of the six opcodes that RFC 6455 defines. */
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** Control opcodes have their high bit set (RFC 6455 5.5). */
export function isControl(opcode: number): boolean {
  return opcode >= Opcode.CLOSE;
}

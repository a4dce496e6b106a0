// Where copying a payload costs more than keeping hold of it.

/** Bytes of payload from which on a payload is written as it is, borrowed until then, and not copied. */
export const BORROW_FROM = 0x8000;

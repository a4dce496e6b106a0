// Pieces of bytes to one.

/** Joins pieces in one buffer of exactly their size. A single piece is returned as it is. */
export function join<Piece extends Uint8Array>(pieces: readonly Piece[]): Piece | Uint8Array<ArrayBuffer> {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

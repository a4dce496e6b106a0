// What both sides of an opening handshake ask of a header.
import { InvalidHeader } from "../errors/handshake.ts";
import type { Headers } from "../http/headers.ts";

/** Names that were asked for, all of them ours, in lower case. */
const KEYS = new Map<string, string>();

function keyOf(name: string): string {
  const known = KEYS.get(name);
  if (known !== undefined) return known;
  const key = name.toLowerCase();
  KEYS.set(name, key);
  return key;
}

/** @throws {InvalidHeader} If there are several. */
export function optionalHeader(headers: Headers, name: string): string | null {
  const value = headers.single(keyOf(name));
  if (value !== undefined) return value;
  throw new InvalidHeader(name, headers.getAll(name).join(", "), `multiple ${name} headers`);
}

/** @throws {InvalidHeader} If there is none, or several. */
export function requiredHeader(headers: Headers, name: string): string {
  const value = optionalHeader(headers, name);
  if (value === null) throw new InvalidHeader(name);
  return value;
}

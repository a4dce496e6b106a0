// What both sides of an opening handshake ask of a header.
import { InvalidHeader } from "../errors/handshake.ts";
import type { Headers } from "../http/headers.ts";

/** @throws {InvalidHeader} If there are several. */
export function optionalHeader(headers: Headers, name: string): string | null {
  const values = headers.getAll(name);
  if (values.length > 1) throw new InvalidHeader(name, values.join(", "), `multiple ${name} headers`);
  return values[0] ?? null;
}

/** @throws {InvalidHeader} If there is none, or several. */
export function requiredHeader(headers: Headers, name: string): string {
  const value = optionalHeader(headers, name);
  if (value === null) throw new InvalidHeader(name);
  return value;
}

// IP addresses as text (RFC 3986 3.2.2, RFC 5952) to bytes, and blocks of them (RFC 4632).

const V4_LENGTH = 4;
const V6_LENGTH = 16;
const MOST_CHARACTERS = 45;

/** A block of addresses: those that begin with the same `length` bits. */
export interface AddressBlock {
  readonly address: Uint8Array;
  readonly length: number;
}

/** The 4 or 16 bytes of an address, without brackets; `undefined` for anything else. */
export function parseAddress(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length > MOST_CHARACTERS) return undefined;
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

// Four decimal numbers alone: other forms are read differently from one system to the next.
function parseV4(text: string): Uint8Array<ArrayBuffer> | undefined {
  const parts = text.split(".");
  if (parts.length !== V4_LENGTH) return undefined;
  const bytes = new Uint8Array(V4_LENGTH);
  for (const [i, part] of parts.entries()) {
    if (!/^(?:0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 0xff) return undefined;
    bytes[i] = Number(part);
  }
  return bytes;
}

function parseV6(text: string): Uint8Array<ArrayBuffer> | undefined {
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return undefined;
  const before = parseGroups(head, tail === undefined);
  const after = parseGroups(tail ?? "", true);
  if (before === undefined || after === undefined) return undefined;
  const length = before.length + after.length;
  // "::" stands for one group of zeros at least.
  if (tail === undefined ? length !== V6_LENGTH : length > V6_LENGTH - 2) return undefined;
  const bytes = new Uint8Array(V6_LENGTH);
  bytes.set(before);
  bytes.set(after, V6_LENGTH - after.length);
  return bytes;
}

/** Groups of up to four hexadecimal digits; at the end of an address the last two may be an IPv4 address. */
function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  const bytes: number[] = [];
  if (text === "") return bytes;
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    const v4 = isEnd && i === groups.length - 1 ? parseV4(group) : undefined;
    if (v4 !== undefined) {
      bytes.push(...v4);
    } else {
      if (!/^[0-9A-Fa-f]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}

/** A block such as `10.0.0.0/8` or `fd00::/8`; `undefined` for anything else. */
export function parseBlock(text: string): AddressBlock | undefined {
  const [rawAddress = "", rawLength = "", ...more] = text.split("/");
  const address = parseAddress(rawAddress);
  if (address === undefined || more.length > 0 || !/^[0-9]{1,3}$/.test(rawLength)) return undefined;
  const length = Number(rawLength);
  return length <= address.length * 8 ? { address, length } : undefined;
}

/** Whether an address lies in a block. An IPv4 address lies in no block of IPv6. */
export function isInBlock(address: Uint8Array, block: AddressBlock): boolean {
  if (address.length !== block.address.length) return false;
  for (let i = 0; i * 8 < block.length; i++) {
    const mask = (0xff << Math.max(0, (i + 1) * 8 - block.length)) & 0xff;
    if ((((address[i] as number) ^ (block.address[i] as number)) & mask) !== 0) return false;
  }
  return true;
}

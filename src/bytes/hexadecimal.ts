// Bytes as hexadecimal digits in lower case.

/** Two digits a byte. */
export function toHexadecimal(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

// Placeholder.
import { INFLATE_REGISTERS_OFFSET } from "./constants";
export function inflate(length: usize): usize {
  return load<u32>(INFLATE_REGISTERS_OFFSET);
}

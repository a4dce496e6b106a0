// Access to the registers of inflate.
import { INFLATE_REGISTERS_OFFSET, REGISTER_MODE } from "./constants";

// Registers that constants.ts does not have, as JavaScript does not need them: the tables of the open block.
export const REGISTER_LITERAL_TABLE: usize = 80;
export const REGISTER_LITERAL_ROOT: usize = 84;
export const REGISTER_DISTANCE_TABLE: usize = 88;
export const REGISTER_DISTANCE_ROOT: usize = 92;

export function get(register: usize): u32 {
  return load<u32>(INFLATE_REGISTERS_OFFSET + register);
}

export function set(register: usize, value: u32): void {
  store<u32>(INFLATE_REGISTERS_OFFSET + register, value);
}

export function setMode(mode: u32): void {
  set(REGISTER_MODE, mode);
}

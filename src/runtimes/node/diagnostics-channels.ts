// The channels of node:diagnostics_channel that the library's diagnostics are told on.
import type { Channel } from "node:diagnostics_channel";
import { channel } from "node:diagnostics_channel";

/** The channel `wsasm:name`. */
export function outsideChannel(name: string): Channel {
  return channel(`wsasm:${name}`);
}

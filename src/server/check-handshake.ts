// What an application may say about the opening handshake, in `serve` and in `upgradeWebSocket`.
import { checkFunction, checkKind } from "../connection/options.ts";
import { checkSubprotocols } from "../protocol/negotiation.ts";
import type { ServerHandshakeSettings } from "../protocol/server-handshake.ts";

/** @throws {TypeError | RangeError} For values that cannot be used. */
export function checkHandshake({ origins, subprotocols, selectSubprotocol }: ServerHandshakeSettings): void {
  const isOrigin = (one: unknown): boolean => one === null || typeof one === "string" || one instanceof RegExp;
  const isRight = origins == null || origins === "same-host" || (Array.isArray(origins) && origins.every(isOrigin));
  checkKind("origins", isRight, 'a list of strings, RegExps and null, "same-host" or null');
  checkSubprotocols(subprotocols ?? []);
  checkFunction("selectSubprotocol", selectSubprotocol);
}

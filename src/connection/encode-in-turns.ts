// Long messages are encoded in several turns of the event loop.
import type { EncodingSteps } from "../protocol/frame-sender.ts";
import type { ConnectionLink } from "./connection-link.ts";

/** Milliseconds for which a long message is encoded before others may go on. */
const LONGEST_TURN = 4;

/** Encodes a long message, and lets other connections go on between the steps. Gives up once the connection is not open. */
export async function encodeInTurns(
  encoding: EncodingSteps,
  { timers, protocol }: Pick<ConnectionLink, "timers" | "protocol">,
): Promise<void> {
  let pauseAt = timers.clock.now() + LONGEST_TURN;
  while (!encoding.step()) {
    if (timers.clock.now() < pauseAt) continue;
    await new Promise<void>((resolve) => timers.resumeLater(resolve));
    if (protocol.state !== "open") return;
    pauseAt = timers.clock.now() + LONGEST_TURN;
  }
}

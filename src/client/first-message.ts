// Whether a connection has delivered a message.
import type { Link, LinkOwner } from "../connection/link.ts";
import { Frame } from "../frames/frame.ts";

/** Watches a connection until its first message. Returns whether there was one. */
export function watchForMessage(link: Link): () => boolean {
  let hasArrived = false;
  const owner = link.owner as LinkOwner;
  link.owner = {
    onEvents(events) {
      if (events.some((event) => !(event instanceof Frame))) {
        hasArrived = true;
        link.owner = owner;
      }
      owner.onEvents(events);
    },
    get isOverfull() {
      return owner.isOverfull;
    },
    onTurnEnd: () => owner.onTurnEnd(),
    onOpen: () => owner.onOpen(),
    onLost: (error) => owner.onLost(error),
  };
  return () => hasArrived;
}

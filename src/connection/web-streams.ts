// The messages of a connection as WHATWG streams, with its backpressure.
import { ConnectionClosedOK } from "../errors/closed.ts";
import { CloseCode } from "../frames/close-code.ts";
import type { Message } from "../protocol/events.ts";
import type { BytesLike } from "./data.ts";

/** What the streams need of a connection. */
export interface MessageChannel {
  readonly closed: Promise<{ readonly error: Error }>;
  recv(options: { readonly signal: AbortSignal }): Promise<Message>;
  send(message: string | BytesLike): Promise<void>;
  close(code?: number): Promise<void>;
}

/** Received messages; nothing is read ahead. Cancelling closes the connection. */
export function readableOf(channel: MessageChannel): ReadableStream<Message> {
  const cancelled = new AbortController();
  return new ReadableStream<Message>(
    {
      async pull(controller) {
        try {
          controller.enqueue(await channel.recv({ signal: cancelled.signal }));
        } catch (error) {
          if (cancelled.signal.aborted) return;
          if (error instanceof ConnectionClosedOK) controller.close();
          else controller.error(error);
        }
      },
      cancel(reason) {
        cancelled.abort(reason);
        return channel.close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Sends what is written. Closing the stream closes the connection with 1000, aborting it with 1011. `later` calls back soon. */
export function writableOf(
  channel: MessageChannel,
  later: (callback: () => void) => void,
): WritableStream<string | BytesLike> {
  let isOver = false;
  function close(code?: number): Promise<void> {
    isOver = true;
    return channel.close(code);
  }
  return new WritableStream<string | BytesLike>({
    start(controller) {
      // Not only in `abort`, which waits for the write under way: perhaps for ever.
      controller.signal.addEventListener("abort", () => void close(CloseCode.INTERNAL_ERROR));
      void channel.closed.then(({ error }) => {
        const fail = (): void => {
          if (!isOver) controller.error(error);
        };
        // A pipe that comes from the readable side is about to close this one, and should find it whole.
        if (error instanceof ConnectionClosedOK) later(fail);
        else fail();
      });
    },
    write: (message) => channel.send(message),
    close: () => close(),
    abort: () => close(CloseCode.INTERNAL_ERROR),
  });
}

// Groups 12 and 13: permessage-deflate, with different payloads and different parameters.
import { corpus } from "../corpus.mjs";
import { weEnd } from "../verdict.mjs";

const LENGTHS = [16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072];
const SHAPES = [
  ...LENGTHS.map((length) => [length, Infinity]),
  ...LENGTHS.slice(5).map((length) => [length, 256]),
  [131_072, 1024],
  [131_072, 4096],
  [131_072, 32_768],
];
const SECONDS = [60, 60, 120, 240];

const CLIENT = "client_no_context_takeover; client_max_window_bits";
const offer = (...own) => ["permessage-deflate", CLIENT, ...own].join("; ");
const NONE = "server_no_context_takeover";

/** What this side offers as a client, and what it wishes as a server, first choice first. */
const PARAMETERS = {
  1: { offer: offer(), wishes: [[]] },
  2: { offer: offer(NONE), wishes: [["client_no_context_takeover"]] },
  3: { offer: offer("server_max_window_bits=9"), wishes: [["client_max_window_bits=9"]] },
  4: { offer: offer("server_max_window_bits=15"), wishes: [["client_max_window_bits=15"]] },
  5: {
    offer: offer(NONE, "server_max_window_bits=9"),
    wishes: [["client_no_context_takeover", "client_max_window_bits=9"]],
  },
  6: {
    offer: offer(NONE, "server_max_window_bits=15"),
    wishes: [["client_no_context_takeover", "client_max_window_bits=15"]],
  },
  7: {
    offer: [offer(NONE, "server_max_window_bits=9"), offer(NONE), offer()].join(", "),
    wishes: [["client_no_context_takeover", "client_max_window_bits=9"], ["client_no_context_takeover"], []],
  },
};

const lockStep = (id, name, parameters, [length, size], patience) => ({
  id,
  ok: [],
  ...weEnd(),
  ...parameters,
  needs: "deflate",
  async run(session, { messages, concurrency }) {
    session.isRecording = false;
    const { type, take } = corpus(name);
    // Cases that run at the same time share the machine.
    const deadline = performance.now() + patience * concurrency;
    for (let i = 0; i < messages; i++) {
      const payload = take(length, i);
      await session.sendCompressed(type, payload, size);
      const message = await session.receive(deadline - performance.now());
      if (message === null) return `no echo of message ${i}${session.fault === null ? "" : `: ${session.fault}`}`;
      if (message.opcode !== type || !message.payload.equals(payload)) return `another echo of message ${i}`;
    }
    return null;
  },
});

const group = (number, name, parameters) =>
  SHAPES.map((shape, i) => lockStep(`${number}.${i + 1}`, name, parameters, shape, (SECONDS[i] ?? 480) * 1000));

export const DEFLATE = [
  ...["json", "picture", "prose", "html", "document"].flatMap((name, i) => group(`12.${i + 1}`, name, PARAMETERS[1])),
  ...Object.entries(PARAMETERS).flatMap(([number, parameters]) => group(`13.${number}`, "json", parameters)),
];

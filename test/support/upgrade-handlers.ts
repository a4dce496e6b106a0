// What servers of `upgradeWebSocket` do in tests, by path.
import type { CloseInfo } from "../../src/connection/connection.ts";
import { NetworkError } from "../../src/errors/network.ts";
import type { UpgradedConnection, UpgradeOptions } from "../../src/server/upgrade.ts";

export const MIB = 0x100000;

/** How connections ended, by what they had asked for. */
const ends = new Map<string, unknown>();

async function tell(ws: UpgradedConnection): Promise<void> {
  const { code, received, sent, error }: CloseInfo = await ws.closed;
  ends.set(ws.request?.pathAndQuery ?? "", { code, received, sent, isLost: error.cause instanceof NetworkError });
}

const HANDLERS: Record<string, (ws: UpgradedConnection) => unknown> = {
  "/echo": async (ws) => {
    for await (const message of ws) await ws.send(message);
  },
  "/once": (ws) => ws.send(`${ws.request?.pathAndQuery} ${ws.subprotocol}`),
  "/throw": () => {
    throw new Error("handler failed");
  },
  "/full": (ws) => ws.closed,
  "/watched": tell,
  "/leaves": async (ws) => {
    void ws.close(1000, "done");
    for await (const message of ws) await ws.send(message);
    await tell(ws);
  },
  "/ends": (ws) => ws.send(JSON.stringify(Object.fromEntries(ends))),
  "/many": async (ws) => {
    for (let i = 0; i < 200; i++) await ws.send(new Uint8Array(100_000));
  },
  "/burst": (ws) => Promise.all(Array.from({ length: 48 }, () => ws.send(new Uint8Array(MIB)))),
  "/ping": (ws) => ws.ping().catch((error: unknown) => ws.send(String(error))),
  "/abort": (ws) => ws.abort(),
  "/close": async (ws) => {
    await ws.recv();
    await ws.close(1013, "later");
  },
};

export async function handlers(ws: UpgradedConnection): Promise<void> {
  await HANDLERS[new URL(ws.request?.path ?? "", "http://x").pathname]?.(ws);
}

export const OPTIONS: UpgradeOptions = {
  origins: [null, "https://example.com"],
  selectSubprotocol: (offered) => offered.find((name) => name !== "unwanted") ?? null,
  maxQueue: 3,
  logger: { warn() {}, error() {} },
};

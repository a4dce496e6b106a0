// What servers of `upgradeWebSocket` do in tests, by path.
import type { UpgradedConnection, UpgradeOptions } from "../../src/server/upgrade.ts";

const HANDLERS: Record<string, (ws: UpgradedConnection) => unknown> = {
  "/echo": async (ws) => {
    for await (const message of ws) await ws.send(message);
  },
  "/once": (ws) => ws.send(`${ws.request?.pathAndQuery} ${ws.subprotocol}`),
  "/throw": () => {
    throw new Error("handler failed");
  },
  "/full": (ws) => ws.closed,
  "/many": async (ws) => {
    for (let i = 0; i < 200; i++) await ws.send(new Uint8Array(100_000));
  },
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
  selectSubprotocol: (offered) => offered[0] ?? null,
  maxQueue: 3,
  logger: { warn() {}, error() {} },
};

// upgradeWebSocket with Deno.serve, in Deno.
import { connect as connectTcp } from "node:net";
import { expect, test, vi } from "vitest";
import { ROOT } from "../../build/project.mjs";
import { runtime, start } from "../repo/programs.ts";
import { GOOD_REQUEST } from "../support/network.ts";
import { upgradeCases } from "../support/upgrade-cases.ts";

const SERVER = "test/runtimes-deno/upgrade-server.ts";
const deno = runtime("deno");

upgradeCases("Deno", deno, ["run", "--no-check", "--allow-net", SERVER], (code) => 4000 + (code % 1000));

/** Sends messages in one write, when the response is there. Returns what came behind it until the end. */
function messagesTo(port: number, count: number): Promise<Buffer> {
  const message = Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x78]);
  return new Promise((resolve) => {
    const socket = connectTcp({ port, host: "127.0.0.1" });
    let received = Buffer.alloc(0);
    let hasSent = false;
    const rest = (): Buffer => received.subarray(received.indexOf("\r\n\r\n") + 4);
    socket.write(GOOD_REQUEST);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (!received.includes("\r\n\r\n")) return;
      if (!hasSent) socket.write(Buffer.concat(Array.from({ length: count }, () => message)));
      hasSent = true;
      if (rest().length > 0) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(rest()));
  });
}

// When this fails, Deno has been mended: then the tests above, and docs/native-sockets.md, need not allow for it any more.
test.skipIf(deno === undefined)("Deno itself sends no Close when messages follow", { tags: ["external"] }, async () => {
  const running = start(deno ?? "", ["run", "--no-check", "--allow-net", "test/runtimes-deno/loses-close.js"], ROOT);
  try {
    const find = (): string | undefined => /port (\d+)/.exec(running.output())?.[1];
    const port = Number(await vi.waitUntil(find, { timeout: 30_000, interval: 20 }));
    expect([...(await messagesTo(port, 1))].slice(0, 4)).toEqual([0x88, 6, 0x0f, 0xa9]);
    const ends: number[] = [];
    for (let i = 0; i < 20; i++) ends.push((await messagesTo(port, 10)).length);
    expect(ends).toContain(0);
  } finally {
    await running.kill();
  }
});

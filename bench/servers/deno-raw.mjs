// The ceiling on Deno's own sockets: bytes back as they came, in memory that is used again and again.
// @ts-nocheck: the types of another runtime
import { report } from "./report.mjs";

async function echo(connection) {
  const memory = new Uint8Array(0x10000);
  connection.setNoDelay(true);
  for (;;) {
    const length = await connection.read(memory);
    if (length === null) break;
    for (let written = 0; written < length;) written += await connection.write(memory.subarray(written, length));
  }
  connection.close();
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
report(listener.addr);
for await (const connection of listener) echo(connection).catch(() => {});

// The library as its README shows it. Keepalive is off because ws has none.
import { report, tlsOptions } from "./report.mjs";

/** The entry of the library: the default one, or that of one runtime. */
const { serve } = await import(process.argv[2] ?? "wsasm");

async function echo(ws) {
  for await (const message of ws) await ws.send(message);
}

const server = await serve(echo, { host: "127.0.0.1", port: 0, pingInterval: null, tls: tlsOptions() });
report(server.addresses[0]);

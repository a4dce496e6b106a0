// The library as its README shows it. Keepalive is off because ws has none.
import { place, report, tlsOptions } from "./report.mjs";

/** The entry of the library: the default one, or that of one runtime. */
const [entry = "wsasm"] = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const { serve } = await import(entry);

async function echo(ws) {
  for await (const message of ws) await ws.send(message);
}

const server = await serve(echo, { ...place(), pingInterval: null, tls: tlsOptions() });
report(server.addresses[0]);

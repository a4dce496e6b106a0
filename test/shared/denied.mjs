// What a runtime does not permit, each in its own way: node --permission denied.mjs, and with --allow-net=127.0.0.1 on Deno.
import { connect, serve } from "wsasm";
import { LOCALHOST } from "./identities.mjs";

const host = "127.0.0.2";
const unix = "/tmp/wsasm-denied.sock";
const tls = LOCALHOST;

const TRIES = {
  serve: () => serve(() => {}, { host }),
  "serve with TLS": () => serve(() => {}, { host, tls }),
  "serve on a shared port": () => serve(() => {}, { host, reusePort: true }),
  "serve on a shared port with TLS": () => serve(() => {}, { host, reusePort: true, tls }),
  "serve on a Unix socket": () => serve(() => {}, { unix }),
  "serve on a Unix socket with TLS": () => serve(() => {}, { unix, tls }),
  "ws:": () => connect(`ws://${host}:9/`),
  "wss:": () => connect(`wss://${host}:9/`),
  "ws+unix:": () => connect(`ws+unix:${unix}:/`),
  "wss+unix:": () => connect(`wss+unix:${unix}:/`),
  "wss: by a proxy": () => connect("wss://localhost/", { proxy: `http://${host}:9` }),
};

for (const [what, attempt] of Object.entries(TRIES)) {
  const { reason } = await attempt().catch((error) => error);
  console.log(`${what}: ${reason}`);
}

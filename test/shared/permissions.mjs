// What the library asks of a runtime that gives few permissions: node permissions.mjs, with --allow-net alone on Deno.
import { connect, NetworkError, serve } from "wsasm";

const echo = async (ws) => {
  for await (const message of ws) await ws.send(message);
};

try {
  const server = await serve(echo, { host: "127.0.0.1" });
  // Variables of proxies are looked up, and nobody is asked.
  const ws = await connect(`ws://127.0.0.1:${server.addresses[0].port}/`, { proxy: true });
  await ws.send("Hello world!");
  console.log(await ws.recv());
  await ws.close();
  await server.close();
} catch (error) {
  console.log(error instanceof NetworkError ? `${error.reason}: ${error.message}` : error);
}

// What a client with the WebSocket of its platform says to an echo server: for Node, Bun and pages of a browser.
// As a program: node --experimental-websocket test/peers/deflate-talk.mjs <uri>

/** Text and bytes, short and long, that repeat what came before. Returns how many came back as they were sent. */
export async function talk(uri) {
  const ws = new WebSocket(uri);
  ws.binaryType = "arraybuffer";
  const inbox = [];
  let wake = () => {};
  ws.addEventListener("message", ({ data }) => {
    inbox.push(data);
    wake();
  });
  const failed = new Promise((_resolve, reject) => {
    ws.addEventListener("close", ({ code }) => reject(new Error(`closed with ${code}`)));
  });
  failed.catch(() => {});
  await Promise.race([new Promise((resolve) => ws.addEventListener("open", resolve)), failed]);
  const noise = new Uint8Array(60_000).map((_, i) => Math.imul(i * i + 1, 2654435761) >>> 24);
  const messages = [
    "Hello world! ".repeat(30),
    "",
    "€ 😀",
    noise,
    new Uint8Array(300_000),
    "Hello world! ".repeat(3000),
    noise.subarray(0, 3000),
    noise.subarray(30_000),
  ];
  let same = 0;
  for (const message of [...messages, ...messages]) {
    ws.send(message);
    while (inbox.length === 0) await Promise.race([new Promise((resolve) => (wake = resolve)), failed]);
    const echoed = inbox.shift();
    if (typeof message === "string" || typeof echoed === "string") same += Number(echoed === message);
    else
      same += Number(
        new Uint8Array(echoed).every((byte, i) => byte === message[i]) && echoed.byteLength === message.length,
      );
  }
  ws.close(1000);
  return same;
}

if (globalThis.process?.argv[1]?.endsWith("deflate-talk.mjs")) {
  console.log(await talk(process.argv[2]));
  process.exit();
}

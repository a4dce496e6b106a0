// What Deno does by itself, for upgrade.test.ts: closes a WebSocket at its first message. It tells its port on a line.
const close = (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.addEventListener("message", () => socket.close(4009, "full"));
  return response;
};

Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(`port ${port}`) }, close);

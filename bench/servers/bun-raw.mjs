// The ceiling on Bun's own sockets: bytes back as they came.
// @ts-nocheck: the types of another runtime
import { report } from "./report.mjs";

/** Writes what the kernel takes, and keeps the rest for `drain`. */
function write(socket, chunk) {
  const length = Math.max(0, socket.write(chunk));
  if (length < chunk.length) socket.data.push(chunk.subarray(length));
}

const listener = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    open(socket) {
      socket.data = [];
      socket.setNoDelay(true);
    },
    data(socket, chunk) {
      if (socket.data.length > 0) socket.data.push(chunk);
      else write(socket, chunk);
    },
    drain(socket) {
      for (const chunk of socket.data.splice(0)) {
        if (socket.data.length > 0) socket.data.push(chunk);
        else write(socket, chunk);
      }
    },
    error() {},
  },
});
report(listener);

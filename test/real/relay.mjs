// Passes bytes between two sockets, in a process of its own: stopped, it is a peer that has frozen.
import { connect, createServer } from "node:net";

// Arguments are ports to relay to; the ports to connect to are sent to the parent, in the same order.
const ports = process.argv.slice(2).map(Number);
const listening = ports.map(
  (target) =>
    new Promise((resolve) => {
      const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
        const far = connect({ port: target, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
        near.on("error", () => far.destroy());
        far.on("error", () => near.destroy());
        near.pipe(far);
        far.pipe(near);
      });
      server.listen(0, "127.0.0.1", () => resolve(server.address().port));
    }),
);
process.on("disconnect", () => process.exit());
process.send(await Promise.all(listening));

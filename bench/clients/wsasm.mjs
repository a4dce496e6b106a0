// The client of this library.
import { connect } from "wsasm";
import { checkLength, serveClient } from "./measure.mjs";

serveClient(async (url) => {
  const ws = await connect(url, { pingInterval: null });
  return {
    async burst(message, count) {
      const sent = [];
      for (let i = 0; i < count; i++) sent.push(ws.send(message));
      for (let i = 0; i < count; i++) checkLength((await ws.recv()).length, message.length);
      await Promise.all(sent);
    },
  };
});

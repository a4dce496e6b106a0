// A victim: a client with the default limits, on Node, Deno and Bun. It connects where it is told to, and echoes; `/deaf` never reads.
import { connect } from "../../conformance/subjects/library.mjs";
import { obey, options, serveConnection, tell } from "./control.mjs";

async function talk(url) {
  try {
    const ws = await connect(url, { proxy: null, ...options });
    await serveConnection(ws, new URL(url).pathname.startsWith("/deaf"));
  } catch (error) {
    // A peer's fault, which has a code; mistakes end the process.
    if (typeof error.code !== "string") throw error;
  }
}

obey({ connect: talk });
tell({ url: "" });

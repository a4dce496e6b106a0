// The Worker of native.test.ts: a server of the behaviours, and both clients of Workers, which are asked for by POST.
import { connect, connectOverTcp, upgradeWebSocket } from "wsasm";
import { BEHAVIOURS } from "./behaviours.mjs";
import { NATIVE_CASES, READER_CASE, runNativeCases, SENDER_CASE } from "./native-cases.mjs";
import { MIB } from "./payloads.mjs";

const OPTIONS = { maxSize: 20 * MIB, maxQueue: null, logger: { debug() {}, info() {}, warn() {}, error() {} } };
const CLIENTS = {
  "/native": { connect, options: { maxQueue: null }, cases: NATIVE_CASES },
  "/tcp": {
    connect: connectOverTcp,
    options: { proxy: null, pingInterval: null },
    cases: [...NATIVE_CASES, SENDER_CASE, READER_CASE],
  },
};

export default {
  async fetch(request) {
    const path = new URL(request.url).pathname;
    const client = CLIENTS[path];
    if (client === undefined) return upgradeWebSocket(request, (ws) => BEHAVIOURS[path.slice(1)](ws), OPTIONS);
    const { cases, ...context } = client;
    const { names, ...given } = await request.json();
    const wanted = cases.filter(({ name }) => names.includes(name));
    return Response.json(await runNativeCases(wanted, { ...context, ...given }));
  },
};

// upgradeWebSocket(): which requests are upgraded, and what runs then.
import { describe, expect, test, vi } from "vitest";
import {
  bindUpgrade,
  bindUpgradeWithServer,
  UpgradedConnection,
  type UpgradeHandler,
  type UpgradeOptions,
} from "../../src/server/upgrade.ts";
import { FakeSocket } from "../support/fake-socket.ts";

const UPGRADE = { Upgrade: "websocket", Host: "example.com" };
/** What a client sends, and Workers need not show. */
const OPENING = {
  ...UPGRADE,
  Connection: "Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version": "13",
};
const RESPONSE = new Response("upgraded");

function request(headers: Record<string, string> = UPGRADE, method = "GET"): Request {
  return new Request("http://example.com/chat?room=1", { headers, method });
}

function upgrade(given: Request, handler: UpgradeHandler, options?: UpgradeOptions, hasAllHeaders = false) {
  const socket = new FakeSocket();
  const subprotocols: (string | null)[] = [];
  const upgradeWebSocket = bindUpgrade((_request, subprotocol) => {
    subprotocols.push(subprotocol);
    return { socket, response: RESPONSE };
  }, hasAllHeaders);
  return { response: upgradeWebSocket(given, handler, options), socket, subprotocols };
}

describe("upgradeWebSocket", () => {
  test("runs the handler when the socket is open, and closes with 1000 when it returns", async () => {
    const seen: unknown[] = [];
    const { response, socket, subprotocols } = upgrade(
      request({ ...UPGRADE, "Sec-WebSocket-Protocol": "a, b" }),
      (ws) => {
        seen.push(ws instanceof UpgradedConnection, ws.request?.path, ws.request?.headers.get("host"), ws.subprotocol);
        seen.push(ws.username);
      },
      { subprotocols: ["b"] },
    );
    expect([response, subprotocols, seen]).toEqual([RESPONSE, ["b"], []]);
    socket.sink.onOpen("b");
    await vi.waitFor(() => expect(socket.closes).toEqual([[1000, ""]]));
    expect(seen).toEqual([true, "/chat?room=1", "example.com", "b", null]);
  });

  test("closes with 1011 when the handler throws", async () => {
    const error = new Error("mine");
    const logged: unknown[][] = [];
    const logger = { warn() {}, error: (...args: unknown[]) => logged.push(args) };
    const { socket } = upgrade(request(), () => Promise.reject(error), { logger });
    socket.sink.onOpen("");
    await vi.waitFor(() => expect(socket.closes).toEqual([[1011, ""]]));
    expect(logged).toEqual([["! connection handler failed", error]]);
  });

  test("a logger that throws ends nothing", async () => {
    const logger = {
      warn() {},
      error() {
        throw new Error("logger");
      },
    };
    const { socket } = upgrade(request(), () => Promise.reject(new Error("mine")), { logger });
    socket.sink.onOpen("");
    await vi.waitFor(() => expect(socket.closes).toEqual([[1011, ""]]));
  });

  test("a socket that never opens never gets to the handler", async () => {
    const handler = vi.fn();
    const { socket } = upgrade(request(), handler);
    socket.sink.onClose(null);
    await new Promise((resolve) => setImmediate(resolve));
    expect(handler).not.toHaveBeenCalled();
  });

  test.each<[string, Request, UpgradeOptions, number]>([
    ["no Upgrade", request({}), {}, 426],
    ["another protocol", request({ Upgrade: "h2c" }), {}, 426],
    ["POST", request(UPGRADE, "POST"), {}, 405],
    ["an origin", request({ ...UPGRADE, Origin: "https://evil.example" }), { origins: ["https://a.example"] }, 403],
    ["no subprotocol of ours", request(), { subprotocols: ["chat"] }, 400],
  ])("refuses %s", async (_what, given, options, status) => {
    const { response, subprotocols } = upgrade(given, () => {}, options);
    expect([response.status, subprotocols]).toEqual([status, []]);
    expect(await response.text()).toContain("Failed to open a WebSocket connection");
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    for (const name of ["connection", "content-length", "date"]) expect(response.headers.get(name)).toBeNull();
  });

  const without = (name: keyof typeof OPENING): Record<string, string> => {
    const { [name]: _left, ...headers } = OPENING;
    return headers;
  };

  test.each<[string, Record<string, string>, number, string]>([
    ["no Upgrade", without("Upgrade"), 426, "missing Upgrade header"],
    ["no Connection", without("Connection"), 426, "missing Connection header"],
    ["another Connection", { ...OPENING, Connection: "close" }, 426, "invalid Connection header: close"],
    ["no key", without("Sec-WebSocket-Key"), 400, "missing Sec-WebSocket-Key header"],
    ["a bad key", { ...OPENING, "Sec-WebSocket-Key": "abc" }, 400, "invalid Sec-WebSocket-Key header: abc"],
    ["no version", without("Sec-WebSocket-Version"), 400, "missing Sec-WebSocket-Version header"],
    ["version 8", { ...OPENING, "Sec-WebSocket-Version": "8" }, 426, "invalid Sec-WebSocket-Version header: 8"],
  ])("refuses %s where the runtime shows all headers", async (_what, headers, status, text) => {
    const { response, subprotocols } = upgrade(request(headers), () => {}, {}, true);
    expect([response.status, subprotocols]).toEqual([status, []]);
    expect(await response.text()).toContain(`Failed to open a WebSocket connection: ${text}.`);
    expect(upgrade(request(OPENING), () => {}, {}, true).response).toBe(RESPONSE);
  });

  test("a choice that was not offered is our 500, and logged", () => {
    const logged: unknown[][] = [];
    const logger = { warn() {}, error: (...args: unknown[]) => logged.push(args) };
    const { response } = upgrade(request(), () => {}, { selectSubprotocol: () => "other", logger });
    expect([response.status, logged.length]).toEqual([500, 1]);
  });

  test.each<[string, unknown]>([
    ["options: expected an object", null],
    ["options: expected an object", 5],
    ["logger: expected an object with warn and error", { logger: null }],
    ["selectSubprotocol: expected a function", { selectSubprotocol: 5 }],
    ["origins: expected a list of", { origins: "http://a" }],
  ])("refuses %s", (message, options) => {
    // Also where the request would be refused, so that the mistake is found at once.
    for (const given of [request(), request({})])
      expect(() => upgrade(given, () => {}, options as UpgradeOptions)).toThrow(`Cannot use ${message}`);
  });

  test.each([undefined, null, "x", {}])("refuses %o as handler", (handler) => {
    const refusal = new TypeError("Cannot upgrade: expected a function as handler");
    expect(() => upgrade(request(), handler as never)).toThrow(refusal);
  });

  test("refuses options that cannot be honoured", () => {
    expect(() => upgrade(request(), () => {}, { compression: "deflate" } as UpgradeOptions)).toThrow(TypeError);
    expect(() => upgrade(request(), () => {}, { subprotocols: ["not a token"] })).toThrow(RangeError);
  });
});

describe("where a server does the upgrade", () => {
  function withServer(given: Request, isUpgraded: boolean) {
    const socket = new FakeSocket();
    const handler = vi.fn();
    const upgradeWebSocket = bindUpgradeWithServer<string>((_request, server) => ({
      socket,
      upgrade() {
        expect(server).toBe("server");
        if (isUpgraded) socket.sink.onOpen("");
        return isUpgraded;
      },
    }));
    return { response: upgradeWebSocket(given, "server", handler), handler, socket };
  }

  test("returns nothing; the socket may open inside of the call", async () => {
    const { response, handler } = withServer(request(OPENING), true);
    expect(response).toBeUndefined();
    await vi.waitFor(() => expect(handler).toHaveBeenCalledTimes(1));
  });

  test("returns a refusal of ours, or of the server", async () => {
    expect(withServer(request({}), true).response?.status).toBe(426);
    expect(withServer(request(), true).response?.status).toBe(426);
    const { response } = withServer(request(OPENING), false);
    expect([response?.status, await response?.text()]).toEqual([400, expect.stringContaining("did not upgrade")]);
  });
});

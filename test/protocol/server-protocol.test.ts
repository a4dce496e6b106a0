import { describe, expect, test } from "vitest";
import { InvalidMessage, InvalidProtocol, InvalidUpgrade, RequestLineTooLong } from "../../src/errors/handshake.ts";
import { NetworkError } from "../../src/errors/network.ts";
import { InvalidState } from "../../src/errors/protocol.ts";
import type { Extension, ServerExtensionFactory } from "../../src/extensions/extension.ts";
import { Frame } from "../../src/frames/frame.ts";
import { HandshakeRequest } from "../../src/http/request.ts";
import { HandshakeResponse } from "../../src/http/response.ts";
import { ClientProtocol } from "../../src/protocol/client-protocol.ts";
import { ServerProtocol } from "../../src/protocol/server-protocol.ts";
import { hex } from "../support/hex.ts";
import { byteByByte, concat, splitsOf } from "../support/splits.ts";
import { DELIVERIES, EventLog, expectEvents, fromPeer, KERNELS, sentBy, utf8 } from "./harness.ts";

// RFC 6455 1.2 and 1.3
const REQUEST = [
  "GET /chat HTTP/1.1",
  "Host: server.example.com",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Origin: http://example.com",
  "Sec-WebSocket-Protocol: chat, superchat",
  "Sec-WebSocket-Version: 13",
  "",
  "",
].join("\r\n");
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

function textOf(chunks: readonly Uint8Array[]): string {
  return new TextDecoder().decode(concat(chunks));
}

/** Lines of what is sent, without Date. */
function linesOf(protocol: ServerProtocol): string[] {
  const chunks = protocol.dataToSend();
  const isEnd = chunks.at(-1)?.length === 0;
  const lines = textOf(chunks)
    .split("\r\n")
    .filter((line) => !line.startsWith("Date: "));
  return isEnd ? [...lines, "EOF"] : lines;
}

function requestOf(protocol: ServerProtocol): HandshakeRequest {
  const [request, ...more] = protocol.eventsReceived();
  expect(more).toEqual([]);
  expect(request).toBeInstanceOf(HandshakeRequest);
  return request as HandshakeRequest;
}

function receive(protocol: ServerProtocol, text: string): void {
  protocol.receiveData(utf8(text));
}

const MARKER: Extension = {
  name: "marker",
  reservedBits: 0,
  encode: ({ opcode, payload, fin }) => new Frame(opcode, concat([payload, hex`21`]), { fin }),
  decode: ({ opcode, payload, fin }) => new Frame(opcode, payload.subarray(0, -1), { fin }),
};
const MARKER_FACTORY: ServerExtensionFactory = {
  name: "marker",
  processRequest: () => ({ parameters: [], extension: MARKER }),
};

describe("ServerProtocol", () => {
  test.each(KERNELS)("accepts the example of RFC 6455 with $name kernels, whole or in pieces", (kernels) => {
    for (const split of splitsOf(utf8(REQUEST))) {
      const protocol = new ServerProtocol({ subprotocols: ["superchat"] }, { kernels });
      expect(protocol.state).toBe("connecting");
      for (const chunk of split.chunks) {
        expect(protocol.eventsReceived()).toEqual([]);
        protocol.receiveData(chunk);
      }
      const request = requestOf(protocol);
      expect(request.path).toBe("/chat");
      expect(protocol.dataToSend()).toEqual([]);
      const response = protocol.accept(request);
      response.headers.append("X-Mine", "yes");
      expect(protocol.state).toBe("connecting");
      protocol.sendResponse(response);
      expect(protocol.state).toBe("open");
      expect(linesOf(protocol)).toEqual([
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Accept: ${ACCEPT}`,
        "Sec-WebSocket-Protocol: superchat",
        "X-Mine: yes",
        "",
        "",
      ]);
      expect(protocol).toMatchObject({ subprotocol: "superchat", origin: "http://example.com", handshakeError: null });
      expect(protocol.closeExpected()).toBe(false);
    }
  });

  test("reads frames that came before the response", () => {
    const early = fromPeer("server", hex`81 01 41 89 01 01 82 01 02`);
    for (const delivery of DELIVERIES) {
      for (const split of splitsOf(concat([utf8(REQUEST), early]))) {
        const protocol = new ServerProtocol({ delivery });
        for (const chunk of split.chunks) protocol.receiveData(chunk);
        const request = requestOf(protocol);
        expect(protocol.eventsReceived()).toEqual([]);
        protocol.sendResponse(protocol.accept(request));
        const log = new EventLog(delivery);
        log.add(protocol.eventsReceived());
        expect(log.entries).toEqual(expectEvents(delivery, ["text|41", "ping|01", "binary|02"]));
        const [response, ...frames] = textOf(protocol.dataToSend()).split("\r\n\r\n");
        expect(response).toContain(ACCEPT);
        expect(frames.join("")).toBe("\ufffd\u0001\u0001"); // the Pong, behind the response
      }
    }
  });

  test("is full of what came before the response at httpLimits.total", () => {
    const protocol = new ServerProtocol({ httpLimits: { line: 8192, headers: 128, total: 1000, body: 10 } });
    receive(protocol, REQUEST);
    expect(protocol.isEarlyFull).toBe(false);
    protocol.receiveData(new Uint8Array(999));
    expect(protocol.isEarlyFull).toBe(false);
    protocol.receiveData(new Uint8Array(1));
    expect(protocol.isEarlyFull).toBe(true);
    const other = new ServerProtocol();
    receive(other, REQUEST);
    other.receiveData(new Uint8Array(65_535));
    expect(other.isEarlyFull).toBe(false);
    other.receiveData(new Uint8Array(1));
    expect(other.isEarlyFull).toBe(true);
    other.sendResponse(other.reject(404, "no"));
    expect(other.isEarlyFull).toBe(false);
  });

  test("keeps what came before the response in one buffer, however small its pieces were", () => {
    const protocol = new ServerProtocol({ delivery: "messages" });
    receive(protocol, REQUEST);
    const early = fromPeer("server", ...Array.from({ length: 5000 }, () => hex`81 01 41`));
    for (const byte of early) protocol.receiveData(Uint8Array.of(byte));
    protocol.sendResponse(protocol.accept(requestOf(protocol)));
    expect(protocol.eventsReceived()).toEqual(Array.from({ length: 5000 }, () => "A"));
  });

  test("has no frame ahead of the response, congested or not", () => {
    const protocol = new ServerProtocol();
    receive(protocol, REQUEST);
    protocol.isCongested = true;
    protocol.sendResponse(protocol.accept(requestOf(protocol)));
    protocol.isCongested = true;
    protocol.sendPing(utf8("ping"));
    protocol.receiveData(fromPeer("server", hex`89 01 41`));
    expect(textOf(protocol.takeOutput(1)).startsWith("HTTP/1.1 101 ")).toBe(true);
  });

  test("remembers that it is congested until the response has left", () => {
    const protocol = new ServerProtocol();
    receive(protocol, REQUEST);
    protocol.isCongested = true;
    protocol.sendResponse(protocol.accept(requestOf(protocol)));
    protocol.takeOutput(1);
    protocol.sendText("A");
    protocol.receiveData(fromPeer("server", hex`89 01 41 89 01 42`));
    expect(sentBy(protocol)).toEqual(["8a|42", "81|41"]);
  });

  test("uses extensions that were negotiated, for early frames too", () => {
    const protocol = new ServerProtocol({ extensions: [MARKER_FACTORY], delivery: "messages" });
    const request = REQUEST.replace("Origin", "Sec-WebSocket-Extensions: marker\r\nOrigin");
    protocol.receiveData(concat([utf8(request), fromPeer("server", hex`81 02 41 21`)]));
    protocol.sendResponse(protocol.accept(requestOf(protocol)));
    expect(protocol.extensions).toEqual([MARKER]);
    expect(protocol.eventsReceived()).toEqual(["A"]);
    expect(linesOf(protocol)).toContain("Sec-WebSocket-Extensions: marker");
    protocol.sendText("B");
    expect(sentBy(protocol)).toEqual(["81|42 21"]);
  });

  test("sends a response of the application's own", () => {
    const protocol = new ServerProtocol();
    receive(protocol, REQUEST);
    requestOf(protocol);
    protocol.sendResponse(new HandshakeResponse(101, "Mine", { "X-Mine": "yes" }));
    expect(protocol.state).toBe("open");
    expect(protocol).toMatchObject({ subprotocol: null, origin: null });
    expect(linesOf(protocol)).toEqual(["HTTP/1.1 101 Mine", "X-Mine: yes", "", ""]);
  });

  test("refuses a bad request with a response, and ends the stream", () => {
    const protocol = new ServerProtocol();
    receive(protocol, REQUEST.replace("Upgrade: websocket\r\n", ""));
    const response = protocol.accept(requestOf(protocol));
    expect(response.statusCode).toBe(426);
    expect(protocol.handshakeError).toBeInstanceOf(InvalidUpgrade);
    expect(protocol.closeExpected()).toBe(false);
    protocol.sendResponse(response);
    expect(protocol.state).toBe("connecting");
    expect(protocol.closeExpected()).toBe(true);
    const lines = linesOf(protocol);
    expect(lines[0]).toBe("HTTP/1.1 426 Upgrade Required");
    expect(lines.at(-1)).toBe("EOF");
    protocol.receiveData(fromPeer("server", hex`81 01 41`));
    expect(protocol.eventsReceived()).toEqual([]);
    protocol.receiveEof();
    expect(protocol.state).toBe("closed");
    expect(protocol.closeCode).toBe(1006);
    expect(protocol.dataToSend()).toEqual([]);
    expect(protocol.closeExpected()).toBe(false);
  });

  test.each([
    ["an error", new TypeError("a secret")],
    ["what is no error", "a secret"],
  ])("answers 500 when a hook throws %s", (_what, thrown) => {
    const protocol = new ServerProtocol({
      selectSubprotocol: () => {
        throw thrown;
      },
    });
    receive(protocol, REQUEST);
    const response = protocol.accept(requestOf(protocol));
    expect(response.statusCode).toBe(500);
    expect(textOf([response.body])).not.toContain("secret");
    expect(protocol.handshakeError).toBeInstanceOf(Error);
    expect(protocol.handshakeError?.message).toBe("a secret");
  });

  // seed 35
  test("reject() makes a response in plain text", () => {
    const protocol = new ServerProtocol();
    receive(protocol, REQUEST);
    requestOf(protocol);
    protocol.sendResponse(protocol.reject(404, "Sorry.\n"));
    expect(linesOf(protocol)).toEqual([
      "HTTP/1.1 404 Not Found",
      "Connection: close",
      "Content-Length: 7",
      "Content-Type: text/plain; charset=utf-8",
      "",
      "Sorry.\n",
      "EOF",
    ]);
    expect(protocol.handshakeError).toBeNull();
  });

  test("answers HEAD without a body", () => {
    const protocol = new ServerProtocol();
    receive(protocol, REQUEST.replace("GET", "HEAD"));
    const response = protocol.accept(requestOf(protocol));
    expect(response.statusCode).toBe(405);
    protocol.sendResponse(response);
    const lines = linesOf(protocol);
    expect(lines).toContain(`Content-Length: ${response.body.length}`);
    expect(lines.slice(-3)).toEqual(["", "", "EOF"]);
  });

  test.each([
    ["garbage", "garbage\r\n\r\n", InvalidMessage, 400],
    ["a line that is too long", `GET /${"x".repeat(8192)}`, RequestLineTooLong, 414],
    ["HTTP/2.0", "GET / HTTP/2.0\r\n\r\n", InvalidProtocol, 505],
    ["a body", REQUEST.replace("\r\n\r\n", "\r\nContent-Length: 3\r\n\r\nabc"), InvalidMessage, 400],
  ])("refuses %s at once", (_what, text, Class, status) => {
    for (const split of splitsOf(utf8(text), { trailing: hex`00` })) {
      const protocol = new ServerProtocol();
      for (const chunk of split.chunks) protocol.receiveData(chunk);
      expect(protocol.eventsReceived()).toEqual([]);
      expect(protocol.handshakeError).toBeInstanceOf(Class);
      expect(protocol.state).toBe("connecting");
      expect(protocol.closeExpected()).toBe(true);
      const lines = linesOf(protocol);
      expect(lines[0]?.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
      expect(lines.at(-1)).toBe("EOF");
      expect(() => protocol.sendResponse(protocol.reject(400, ""))).toThrow(InvalidState);
      protocol.receiveEof();
      expect(protocol.state).toBe("closed");
    }
  });

  test("sendResponse() works once, and only while the client is there", () => {
    const error = new InvalidState("Cannot send response: the opening handshake is over");
    const open = new ServerProtocol();
    receive(open, REQUEST);
    const response = open.accept(requestOf(open));
    open.sendResponse(response);
    expect(() => open.sendResponse(response)).toThrow(error);
    const refused = new ServerProtocol();
    receive(refused, REQUEST);
    refused.sendResponse(refused.reject(404, ""));
    expect(() => refused.sendResponse(response)).toThrow(error);
    const gone = new ServerProtocol();
    receive(gone, REQUEST);
    gone.receiveEof();
    expect(() => gone.sendResponse(response)).toThrow(error);
    const failed = new ServerProtocol();
    failed.fail(1011);
    expect(failed.closeExpected()).toBe(true);
    expect(() => failed.sendResponse(response)).toThrow(error);
  });

  test.each([
    ["before the request", ""],
    ["inside the request", REQUEST.slice(0, 50)],
  ])("sends no response to a client that goes %s", (_what, text) => {
    const protocol = new ServerProtocol();
    if (text !== "") receive(protocol, text);
    protocol.receiveEof();
    expect(protocol.state).toBe("closed");
    expect(protocol.handshakeError).toBeInstanceOf(InvalidMessage);
    expect(protocol.handshakeError?.cause).toBeInstanceOf(NetworkError);
    expect(protocol.dataToSend()).toEqual([new Uint8Array(0)]);
    expect(protocol.dataToSend()).toEqual([]);
  });

  test("takes note of a client that goes before the response", () => {
    const protocol = new ServerProtocol();
    receive(protocol, REQUEST);
    protocol.receiveEof();
    expect(protocol.state).toBe("closed");
    expect(protocol.handshakeError).toBeNull();
    expect(requestOf(protocol).path).toBe("/chat");
    expect(protocol.dataToSend()).toEqual([new Uint8Array(0)]);
    expect(() => receive(protocol, "x")).toThrow(new InvalidState("Cannot receive data: the stream has ended"));
  });

  test("passes on a body-less request that it does not like for its method, and refuses it by accept()", () => {
    const protocol = new ServerProtocol();
    receive(protocol, REQUEST.replace("GET", "POST"));
    expect(protocol.accept(requestOf(protocol)).statusCode).toBe(405);
  });

  test("checks its limits", () => {
    expect(() => new ServerProtocol({ httpLimits: { line: -1 } })).toThrow(RangeError);
  });
});

describe("ServerProtocol and ClientProtocol", () => {
  /** Moves bytes from one to the other, byte by byte or as they are. */
  function move(from: ClientProtocol | ServerProtocol, to: ClientProtocol | ServerProtocol, inBytes: boolean): void {
    for (const chunk of from.dataToSend()) {
      if (chunk.length === 0) to.receiveEof();
      else for (const piece of inBytes ? byteByByte(chunk) : [chunk.slice()]) to.receiveData(piece);
    }
    from.releaseOutput();
  }

  test.each([
    ["as they come", false],
    ["byte by byte", true],
  ])("talk to each other, bytes %s", (_what, inBytes) => {
    for (const kernels of KERNELS) {
      for (const delivery of DELIVERIES) {
        const client = new ClientProtocol(
          "ws://localhost:8765/chat?room=1",
          { delivery, subprotocols: ["b", "a"], origin: "http://localhost" },
          { kernels },
        );
        const server = new ServerProtocol({ delivery, subprotocols: ["a", "b"] }, { kernels });
        client.sendRequest(client.connect());
        move(client, server, inBytes);
        const [request] = server.eventsReceived();
        server.sendResponse(server.accept(request as HandshakeRequest));
        server.sendText("welcome");
        move(server, client, inBytes);
        expect([client.state, server.state]).toEqual(["open", "open"]);
        expect([client.subprotocol, server.subprotocol]).toEqual(["a", "a"]);
        expect(server.origin).toBe("http://localhost");
        const [response, ...events] = client.eventsReceived();
        expect(response).toBeInstanceOf(HandshakeResponse);
        const [atClient, atServer] = [new EventLog(delivery), new EventLog(delivery)];
        atClient.add(events);
        client.sendText("é", false);
        client.sendPing(hex`01`);
        client.sendContinuation("è", true);
        client.sendBinary(new Uint8Array(100_000));
        move(client, server, inBytes);
        atServer.add(server.eventsReceived());
        move(server, client, inBytes);
        client.sendClose(1000, "bye");
        move(client, server, inBytes);
        atServer.add(server.eventsReceived());
        move(server, client, inBytes); // Close and the end
        expect(client.state).toBe("closed");
        atClient.add(client.eventsReceived());
        move(client, server, inBytes);
        expect(server.state).toBe("closed");
        expect(client.closeError().message).toBe("sent 1000 (OK) bye; then received 1000 (OK) bye");
        expect(server.closeError().message).toBe("received 1000 (OK) bye; then sent 1000 (OK) bye");
        expect(atClient.entries).toEqual([
          ...expectEvents(delivery, ["text|77 65 6c 63 6f 6d 65"]),
          "pong|01",
          "close|03 e8 62 79 65",
        ]);
        const large = new EventLog("messages");
        large.add([new Uint8Array(100_000)]);
        expect(atServer.entries).toEqual([
          "ping|01",
          ...expectEvents(delivery, ["text|c3 a9 c3 a8", ...large.entries]),
          "close|03 e8 62 79 65",
        ]);
        expect([...client.dataToSend(), ...server.dataToSend()]).toEqual([]);
      }
    }
  });

  test("close at the same time", () => {
    const client = new ClientProtocol("ws://localhost/");
    const server = new ServerProtocol();
    client.sendRequest(client.connect());
    move(client, server, false);
    server.sendResponse(server.accept(server.eventsReceived()[0] as HandshakeRequest));
    move(server, client, false);
    client.sendClose(1000);
    server.sendClose(1001);
    const fromClient = client.dataToSend();
    const fromServer = server.dataToSend();
    for (const chunk of fromClient) server.receiveData(chunk.slice());
    for (const chunk of fromServer) client.receiveData(chunk.slice());
    move(server, client, false);
    move(client, server, false);
    expect([client.state, server.state]).toEqual(["closed", "closed"]);
    expect(client.closeError().message).toBe("sent 1000 (OK); then received 1001 (going away)");
    expect(server.closeError().message).toBe("sent 1001 (going away); then received 1000 (OK)");
  });
});

import { describe, expect, test } from "vitest";
import {
  InvalidHeader,
  InvalidHeaderValue,
  InvalidMessage,
  InvalidStatus,
  InvalidURI,
  NegotiationError,
  StatusLineTooLong,
} from "../../src/errors/handshake.ts";
import { NetworkError } from "../../src/errors/network.ts";
import { InvalidState } from "../../src/errors/protocol.ts";
import type { ClientExtensionFactory, Extension } from "../../src/extensions/extension.ts";
import { Frame } from "../../src/frames/frame.ts";
import { acceptKey } from "../../src/http/accept-key.ts";
import { HandshakeRequest } from "../../src/http/request.ts";
import { HandshakeResponse } from "../../src/http/response.ts";
import { parseUri } from "../../src/http/uri.ts";
import type { ClientProtocolOptions } from "../../src/protocol/client-protocol.ts";
import { ClientProtocol } from "../../src/protocol/client-protocol.ts";
import { hex } from "../support/hex.ts";
import { concat, splitsOf } from "../support/splits.ts";
import { DELIVERIES, EventLog, expectEvents, KERNELS, sentBy, utf8 } from "./harness.ts";

const [kernels] = KERNELS as [(typeof KERNELS)[number]];

function textOf(chunks: readonly Uint8Array[]): string {
  return new TextDecoder().decode(concat(chunks));
}

/** A client that sent its request, and the key in it. */
function connecting(options: ClientProtocolOptions = {}): { protocol: ClientProtocol; key: string } {
  const protocol = new ClientProtocol("ws://server.example.com/chat", options);
  const request = protocol.connect();
  protocol.sendRequest(request);
  protocol.dataToSend();
  return { protocol, key: request.headers.get("Sec-WebSocket-Key") as string };
}

function responseTo(key: string, more = ""): string {
  return [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${acceptKey(key, kernels)}`,
    `${more}\r\n`,
  ].join("\r\n");
}

const MARKER: Extension = {
  name: "marker",
  reservedBits: 0,
  encode: ({ opcode, payload, fin }) => new Frame(opcode, concat([payload, hex`21`]), { fin }),
  decode: ({ opcode, payload, fin }) => new Frame(opcode, payload.subarray(0, -1), { fin }),
};
const MARKER_FACTORY: ClientExtensionFactory = {
  name: "marker",
  requestParameters: () => [],
  processResponse: () => MARKER,
};

describe("ClientProtocol", () => {
  test("sends its request", () => {
    const protocol = new ClientProtocol("ws://server.example.com/chat", {
      origin: "http://example.com",
      subprotocols: ["chat", "superchat"],
    });
    const request = protocol.connect();
    request.headers.append("X-Mine", "yes");
    expect(protocol.dataToSend()).toEqual([]);
    protocol.sendRequest(request);
    expect(textOf(protocol.dataToSend()).split("\r\n")).toEqual([
      "GET /chat HTTP/1.1",
      "Host: server.example.com",
      "Origin: http://example.com",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Key: ${request.headers.get("Sec-WebSocket-Key")}`,
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: chat, superchat",
      "X-Mine: yes",
      "",
      "",
    ]);
    expect(protocol.state).toBe("connecting");
    expect(protocol.closeExpected()).toBe(false);
  });

  test("has a key of its own, the same for all its requests", () => {
    const keys = Array.from({ length: 50 }, () => connecting().key);
    expect(new Set(keys).size).toBe(50);
    expect(keys.every((key) => /^[A-Za-z0-9+/]{21}[AQgw]==$/.test(key))).toBe(true);
    const protocol = new ClientProtocol("ws://localhost/");
    expect(protocol.connect().headers.get("Sec-WebSocket-Key")).toBe(
      protocol.connect().headers.get("Sec-WebSocket-Key"),
    );
  });

  test("takes a URI as text or parsed", () => {
    const uri = parseUri("wss://localhost/x");
    expect(new ClientProtocol(uri).uri).toBe(uri);
    expect(new ClientProtocol("wss://localhost/x").uri).toEqual(uri);
    expect(() => new ClientProtocol("http://localhost/")).toThrow(InvalidURI);
    expect(new ClientProtocol(new URL("ws://localhost:8765/chat")).uri).toMatchObject({ port: 8765, path: "/chat" });
  });

  test("checks its limits", () => {
    expect(() => new ClientProtocol("ws://localhost/", { httpLimits: { total: 0.5 } })).toThrow(RangeError);
  });

  test("opens with the response, whole or in pieces", () => {
    for (const random of [1, 2, 3]) {
      for (let i = 0; i < random + 2; i++) {
        const { protocol, key } = connecting({ subprotocols: ["a", "b"] });
        const split = splitsOf(utf8(responseTo(key, "Sec-WebSocket-Protocol: b\r\n")), { random })[i];
        for (const chunk of split?.chunks ?? []) {
          expect(protocol.state).toBe("connecting");
          protocol.receiveData(chunk);
        }
        expect(protocol.state).toBe("open");
        const [response, ...more] = protocol.eventsReceived();
        expect(response).toBeInstanceOf(HandshakeResponse);
        expect(more).toEqual([]);
        expect(protocol).toMatchObject({ subprotocol: "b", handshakeError: null });
        expect(protocol.extensions).toEqual([]);
        protocol.sendText("x");
        expect(sentBy(protocol)).toEqual(["81|78"]);
      }
    }
  });

  // seed 41
  test("delivers frames behind the response", () => {
    for (const delivery of DELIVERIES) {
      for (let i = 0; i < 4; i++) {
        const { protocol, key } = connecting({ delivery });
        const split = splitsOf(concat([utf8(responseTo(key)), hex`81 01 41 89 01 01 82 01 02 88 00`]))[i];
        for (const chunk of split?.chunks ?? []) protocol.receiveData(chunk);
        const [, ...events] = protocol.eventsReceived();
        const log = new EventLog(delivery);
        log.add(events);
        expect(log.entries).toEqual([
          ...expectEvents(delivery, ["text|41"]),
          "ping|01",
          ...expectEvents(delivery, ["binary|02"]),
          "close|",
        ]);
        expect(sentBy(protocol)).toEqual(["8a|01", "88|"]);
      }
    }
  });

  test("uses extensions that were negotiated", () => {
    const { protocol, key } = connecting({ extensions: [MARKER_FACTORY], delivery: "messages" });
    const response = responseTo(key, "Sec-WebSocket-Extensions: marker\r\n");
    protocol.receiveData(concat([utf8(response), hex`81 02 41 21`]));
    expect(protocol.extensions).toEqual([MARKER]);
    expect(protocol.eventsReceived()[1]).toBe("A");
    protocol.sendText("B");
    expect(sentBy(protocol)).toEqual(["81|42 21"]);
  });

  // seed 39
  test.each<[what: string, edit: (response: string) => string, Class: new (...args: never[]) => Error]>([
    ["no Accept", (text) => text.replace(/Sec-WebSocket-Accept.*\r\n/, ""), InvalidHeader],
    [
      "a wrong Accept",
      (text) => text.replace(/Accept: .*/, "Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
      InvalidHeaderValue,
    ],
    [
      "an extension that was not offered",
      (text) => text.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: x\r\n\r\n"),
      NegotiationError,
    ],
    [
      "a subprotocol that was not offered",
      (text) => text.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: x\r\n\r\n"),
      NegotiationError,
    ],
    ["status 200 with a length", () => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", InvalidStatus],
    [
      "status 403",
      () => "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
      InvalidStatus,
    ],
    ["another protocol", () => "220 smtp.example.com ESMTP\r\n", InvalidMessage],
    ["a status line that does not end", () => `HTTP/1.1 200 ${"x".repeat(8192)}`, StatusLineTooLong],
  ])("fails on a response with %s", (_what, edit, Class) => {
    for (let i = 0; i < 4; i++) {
      const { protocol, key } = connecting();
      const split = splitsOf(utf8(edit(responseTo(key))), { trailing: hex`81 01 41` }).at(i);
      for (const chunk of split?.chunks ?? []) protocol.receiveData(chunk);
      expect(protocol.handshakeError, split?.name).toBeInstanceOf(Class);
      expect(protocol.state).toBe("connecting");
      expect(protocol.closeExpected()).toBe(true);
      expect(protocol.dataToSend()).toEqual([new Uint8Array(0)]);
      expect(protocol.eventsReceived().every((event) => event instanceof HandshakeResponse)).toBe(true);
      expect(() => protocol.sendRequest(new HandshakeRequest("/", {}))).toThrow(InvalidState);
      expect(() => protocol.connect()).toThrow(InvalidState);
      protocol.receiveEof();
      expect(protocol.state).toBe("closed");
      expect(protocol.handshakeError).toBeInstanceOf(Class);
      expect(protocol.dataToSend()).toEqual([]);
    }
  });

  test("tells the response that refuses, with its body", () => {
    const { protocol } = connecting();
    protocol.receiveData(utf8("HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\nSorry\n"));
    const [response] = protocol.eventsReceived();
    expect(response).toBeInstanceOf(HandshakeResponse);
    expect((protocol.handshakeError as InvalidStatus).response).toBe(response);
    expect(textOf([(response as HandshakeResponse).body])).toBe("Sorry\n");
  });

  test("takes a body that ends with the stream", () => {
    const { protocol } = connecting();
    protocol.receiveData(utf8("HTTP/1.1 200 OK\r\n\r\nHel"));
    protocol.receiveData(utf8("lo"));
    expect(protocol.handshakeError).toBeNull();
    expect(protocol.closeExpected()).toBe(false);
    protocol.receiveEof();
    expect(protocol.state).toBe("closed");
    expect(protocol.handshakeError).toBeInstanceOf(InvalidStatus);
    const [response] = protocol.eventsReceived();
    expect(textOf([(response as HandshakeResponse).body])).toBe("Hello");
    expect(protocol.dataToSend()).toEqual([new Uint8Array(0)]);
  });

  test.each([
    ["at once", ""],
    ["inside the response", "HTTP/1.1 101 Switching"],
    ["inside a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"],
  ])("fails when the stream ends %s", (_what, text) => {
    const { protocol } = connecting();
    if (text !== "") protocol.receiveData(utf8(text));
    protocol.receiveEof();
    expect(protocol.state).toBe("closed");
    expect(protocol.handshakeError).toBeInstanceOf(InvalidMessage);
    expect(protocol.handshakeError?.cause).toBeInstanceOf(NetworkError);
    expect(protocol.eventsReceived()).toEqual([]);
    expect(protocol.dataToSend()).toEqual([new Uint8Array(0)]);
    expect(protocol.closeError().message).toBe("no close frame received or sent");
  });

  test("sendRequest() is for the opening handshake", () => {
    const error = new InvalidState("Cannot send request: the opening handshake is over");
    const { protocol, key } = connecting();
    const request = protocol.connect();
    protocol.receiveData(utf8(responseTo(key)));
    expect(() => protocol.sendRequest(request)).toThrow(error);
    protocol.receiveEof();
    expect(() => protocol.sendRequest(request)).toThrow(error);
  });
});

// serve and connect without compression, for tests that look at what is on the wire, or at how much it is.
import type { Connect, ConnectOptions, Handler, Serve, ServeOptions } from "../../src/node.ts";
import { connect as connectNode, serve as serveNode } from "../../src/node.ts";

export const serve: Serve = (handler: Handler, options?: ServeOptions) =>
  serveNode(handler, { compression: null, ...options }) as never;

export const connect: Connect = (uri: string | URL, options?: ConnectOptions) =>
  connectNode(uri, { compression: null, ...options }) as never;

// serve and connect without compression, for tests that look at what is on the wire, or at how much it is.
import type { Connect, Serve } from "../../src/node.ts";
import { connect as connectNode, serve as serveNode } from "../../src/node.ts";

export const serve: Serve = (handler, options) => serveNode(handler, { compression: null, ...options });

export const connect: Connect = (uri, options) => connectNode(uri, { compression: null, ...options });

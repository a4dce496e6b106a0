// Runs before every test file: loads what src/ loads when it is needed, so that a network in memory never waits for it.
import { loadTrace } from "../../src/connection/load-trace.ts";
import { loadCompression } from "../../src/kernels/load-compression.ts";

await Promise.all([
  loadCompression(),
  loadTrace(),
  import("../../src/client/authentication.ts"),
  import("../../src/client/proxy-choice.ts"),
  import("../../src/client/reconnecting.ts"),
  import("../../src/client/redirect.ts"),
  import("../../src/client/through-proxy.ts"),
  import("../../src/runtimes/node/acceptor.ts"),
  import("../../src/runtimes/node/open-listener.ts"),
]);

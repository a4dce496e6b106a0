// Tests that cannot hold on Deno or Bun, because of what they are made with or of what those runtimes do; each with why.

/** Files, with the reason. */
const FILES = {
  deno: {
    "test/real/leaks.test.ts":
      "descriptors of the test runner come and go; the shared suite counts those of the library",
  },
  bun: {
    "test/real/buffers.test.ts": "memory in use is counted in another way: buffers twice",
    "test/real/leaks.test.ts": "sockets are not among getActiveResourcesInfo()",
    "test/runtimes-node/process-hold.test.ts": "timers are not among getActiveResourcesInfo()",
  },
};

/** Names of tests, with the reason. */
const TESTS = {
  deno: [
    ["hold no chunk, no slab and no string", "a read of Deno that is under way holds a little more"],
    ["reset", "the peers of these tests reset TCP in a way that only Node has; the shared suite has another one"],
    ["a process lives as long as its connection", "starts Node by process.execPath"],
    ["50 sends in one turn are one write", "counts the writes of a net.Socket"],
    ["leaves out an address that the machine does not have", "EADDRNOTAVAIL comes without its code from node:net"],
    ["reach the handle below TLS, on Deno only", "begins where there is no Deno"],
    ["takes a file descriptor", "node:net takes none"],
    ["options that cannot be used", "bad certificates are found when a client comes, or never"],
    [
      "a function that (gives a key|rejects|throws)",
      "a server of node:tls without a certificate for a name does not answer",
    ],
    ["HTTP/2 only", "another text, or none"],
    ["has expired is refused", "the fault is told as UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["no name is sent for an address", "an address is sent as a name"],
    ["NodeTransport", "tests of a net.Socket itself: writes are reported in other pieces"],
    ["bad options of TLS leave nothing open", "bad certificates are found when a connection is made"],
  ],
  bun: [
    ["a connection of max that waits", "memory in use is counted in another way: buffers twice"],
    ["refuses one of HTTPS?, and leaves it open", "its servers of HTTP are no servers of node:net: another text"],
    ["options that cannot be used", "BoringSSL has other texts"],
    ["50 sends in one turn are one write", "counts the writes of a net.Socket"],
    ["NodeTransport", "tests of a net.Socket itself: getActiveResourcesInfo() and the order of its events differ"],
  ],
};

function exceptionsOf(name) {
  const names = TESTS[name].map(([pattern]) => pattern).join("|");
  return {
    files: ["**/node_modules/**", ...Object.keys(FILES[name])],
    pattern: new RegExp(`^(?!.*(${names}))`),
  };
}

export const EXCEPTIONS = {
  deno: exceptionsOf("deno"),
  bun: exceptionsOf("bun"),
  // Other versions of Node have none.
  node: { files: ["**/node_modules/**"], pattern: /(?:)/ },
};

// What every echo server under test tells the benchmark: its port, and on request the CPU time that it has used.

/** Announces the port, answers questions, and ends with the benchmark. */
export function report(port) {
  process.on("message", (question) => {
    // Of all threads of the process, in microseconds.
    const { user, system } = process.cpuUsage();
    if (question === "cpu") process.send({ cpu: user + system });
  });
  process.on("disconnect", () => process.exit(0));
  process.send({ port });
}

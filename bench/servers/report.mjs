// What every server under test tells the benchmark: its port, and on request the CPU time that it has used.
import { answer, cpuTime } from "../support/subject.mjs";

export function report(port) {
  answer({ port }, () => ({ cpu: cpuTime() }));
}

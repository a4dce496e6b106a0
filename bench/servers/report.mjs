// What every server under test tells the benchmark: its address, and on request the CPU time that it has used.
import { answer, cpuTime } from "../support/subject.mjs";

export function report(address) {
  answer({ port: address.port }, () => ({ cpu: cpuTime() }));
}

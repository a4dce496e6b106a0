// Keeps the process alive for those who need it and have nothing else that does.

/** The longest that a timer takes. */
const LONG = 2 ** 31 - 1;

const holders = new Set<object>();
let timer: NodeJS.Timeout | undefined;

/** The process lives until the holder is released. Holding twice is holding once. */
export function holdProcess(holder: object): void {
  holders.add(holder);
  timer ??= setInterval(() => {}, LONG);
}

export function releaseProcess(holder: object): void {
  if (!holders.delete(holder) || holders.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

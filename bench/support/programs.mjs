// The runtimes that test/runtimes installs, as programs.
import { fileURLToPath } from "node:url";

const installed = (path) => fileURLToPath(new URL(`../../test/runtimes/node_modules/${path}`, import.meta.url));

export const DENO = installed("deno/deno");
export const BUN = installed("bun/bin/bun.exe");

// upgradeWebSocket with Deno.serve, in Deno.
import { runtime } from "../repo/programs.ts";
import { upgradeCases } from "../support/upgrade-cases.ts";

const SERVER = "test/runtimes-deno/upgrade-server.ts";

upgradeCases("Deno", runtime("deno"), ["run", "--no-check", "--allow-net", SERVER], (code) => 4000 + (code % 1000));

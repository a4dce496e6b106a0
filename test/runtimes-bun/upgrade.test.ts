// upgradeWebSocket with Bun.serve, in Bun.
import { runtime } from "../repo/programs.ts";
import { upgradeCases } from "../support/upgrade-cases.ts";

upgradeCases("Bun", runtime("bun"), ["run", "test/runtimes-bun/upgrade-server.ts"], (code) => code);

// Chromium from the system, without a window; skipped aloud where there is none.
import { existsSync } from "node:fs";
import { type BrowserContext, chromium } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";

/** Whether it is there; told when it is not. */
export function hasChromium(): boolean {
  const isThere = existsSync(CHROMIUM);
  if (!isThere) console.warn(`SKIPPED in a browser: there is no ${CHROMIUM} (apt-get install chromium)`);
  return isThere;
}

/** Starts it with `profile` as the folder of its data, and more arguments of its command line. */
export function startChromium(profile: string, more: readonly string[] = []): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
}

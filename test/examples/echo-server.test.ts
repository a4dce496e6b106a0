// The example that `npm start` runs, as a process of its own, and its page in a real browser.
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ROOT } from "../../build/project.mjs";
import { type Running, start, temporaryFolder } from "../repo/programs.ts";
import { hasChromium, startChromium } from "../support/chromium.ts";

const EXAMPLE = join(ROOT, "examples/echo-server.mjs");
const LIMIT = 10_000;
/** A test of these, with what it starts. */
const EXTERNAL = { tags: ["external"] };

const running: Running[] = [];

/** Starts the example with PORT. */
function startExample(port: string): Running {
  vi.stubEnv("PORT", port);
  const example = start(process.execPath, [EXAMPLE], ROOT);
  vi.unstubAllEnvs();
  running.push(example);
  return example;
}

/** Waits until it listens, and returns its port. */
function portOf(example: Running): Promise<number> {
  return vi.waitUntil(
    () => {
      if (example.child.exitCode !== null) throw new Error(`ended too early: ${example.output()}`);
      const [, port] = /http:\/\/localhost:(\d+)\//.exec(example.output()) ?? [];
      return port === undefined ? undefined : Number(port);
    },
    { timeout: LIMIT, interval: 20 },
  );
}

afterEach(async () => {
  for (const example of running.splice(0)) await example.kill();
});

interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly allow: string | undefined;
  readonly length: string | undefined;
  readonly policy: string;
  readonly body: string;
}

function request(port: number, method: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: "localhost", port, method, path }, (response) => {
      const { "content-type": type, "content-length": length, allow } = response.headers;
      const policy = String(response.headers["content-security-policy"] ?? "");
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode, type, length, allow, policy, body }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

function listen(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "localhost", () => resolve(server));
  });
}

describe("examples/echo-server.mjs", EXTERNAL, () => {
  const page = readFileSync(join(ROOT, "examples/echo-page.html"), "utf8");

  test("answers GET / with the page, under a policy that allows its script and nothing else", async () => {
    const port = await portOf(startExample("0"));
    const answer = await request(port, "GET", "/");
    expect(answer).toMatchObject({ status: 200, type: "text/html; charset=utf-8", body: page });
    expect(answer.policy).toMatch(/^default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-/);
    expect(await request(port, "GET", "/?from=somewhere")).toMatchObject({ status: 200, body: page });
  });

  test("answers HEAD / without a body, other paths with 404 and other methods with 405", async () => {
    const port = await portOf(startExample("0"));
    const length = String(Buffer.byteLength(page));
    expect(await request(port, "HEAD", "/")).toMatchObject({ status: 200, length, body: "" });
    expect(await request(port, "GET", "/other")).toMatchObject({ status: 404, body: "Not found.\n" });
    expect(await request(port, "DELETE", "/")).toMatchObject({ status: 405, allow: "GET, HEAD" });
  });

  test("takes its port from PORT, and tells in one line that it is in use", async () => {
    const other = await listen();
    const { port } = other.address() as AddressInfo;
    const refused = startExample(String(port));
    expect(await refused.exited(LIMIT)).toBe(1);
    expect(refused.output()).toBe(
      `Cannot listen on localhost:${port}: address already in use. Choose another port with PORT, such as PORT=8766\n`,
    );
    await new Promise((resolve) => other.close(resolve));
    expect(await portOf(startExample(String(port)))).toBe(port);
  });

  test.each(["http", "65536", "-1", "80.5", " "])("refuses PORT=%s in one line", async (port) => {
    const refused = startExample(port);
    expect(await refused.exited(LIMIT)).toBe(1);
    expect(refused.output()).toBe(`Cannot use PORT=${port}: expected a number from 0 to 65535\n`);
  });

  test.each(["SIGINT", "SIGTERM"] as const)("ends with status 0 after %s", async (signal) => {
    const example = startExample("0");
    const port = await portOf(example);
    example.child.kill(signal);
    expect(await example.exited(LIMIT)).toBe(0);
    expect(example.output()).toBe(
      `Echo server     ws://localhost:${port}\nPage to try it  http://localhost:${port}/\nClosing\n`,
    );
  });
});

describe.skipIf(!hasChromium())("the page of examples/echo-server.mjs in Chromium", EXTERNAL, () => {
  let context: BrowserContext;
  let page: Page;
  let example: Running;
  let problems: string[];
  const disposables: Disposable[] = [];

  beforeEach(async () => {
    const profile = temporaryFolder();
    disposables.push(profile);
    context = await startChromium(profile.path);
    example = startExample("0");
    page = await context.newPage();
    page.setDefaultTimeout(LIMIT);
    problems = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => problems.push(message.text()));
    await page.goto(`http://localhost:${await portOf(example)}/`);
    await stateIs("open");
  });

  afterEach(async () => {
    await context.close();
    for (const disposable of disposables.splice(0)) disposable[Symbol.dispose]();
  });

  const stateIs = (state: string): Promise<void> => page.getByRole("status").filter({ hasText: state }).waitFor();
  const send = async (message: string): Promise<void> => {
    await page.getByLabel("Message", { exact: true }).fill(message);
    await page.keyboard.press("Enter");
  };
  /** The row of the log that has `text`, as soon as it is there. */
  const row = async (text: string): Promise<string> => (await page.locator("li", { hasText: text }).innerText()).trim();
  const sentRow = (message: string): ReturnType<Page["locator"]> =>
    page.locator("li.message", { hasText: message }).filter({ hasText: / ms/ });

  test("shows the echo of what a person types, with its latency", async () => {
    await send("Hello world!");
    expect(await sentRow("Hello world!").innerText()).toMatch(/text, 12 B\s+\d+\.\d+ ms/);
    await page.getByLabel("as bytes").check();
    await send("Grüße €");
    expect(await sentRow("Grüße €").innerText()).toMatch(/binary, 11 B\s+\d+\.\d+ ms/);
    expect(await page.locator("#count").innerText()).toBe("2");
    expect(problems).toEqual([]);
  });

  test("closes with 1000, or another code and a reason, and connects again", async () => {
    await page.getByRole("button", { name: "Close" }).click();
    await stateIs("closed");
    expect(await row("Closed: 1000")).toBe("Closed: 1000 (normal closure), no reason");
    await page.getByRole("button", { name: "Reconnect" }).click();
    await stateIs("open");
    await page.getByLabel("Close code").fill("4321");
    await page.getByLabel("Close reason").fill("enough");
    await page.getByRole("button", { name: "Close" }).click();
    expect(await row("Closed: 4321")).toBe("Closed: 4321, reason: enough");
    expect(problems).toEqual([]);
  });

  test("says that a code which browsers do not send cannot be used, and stays open", async () => {
    await page.getByLabel("Close code").fill("1002");
    await page.getByRole("button", { name: "Close" }).click();
    expect(await row("Cannot close")).toContain("the code must be 1000 or 3000 to 4999");
    await send("still here");
    await sentRow("still here").waitFor();
    expect(problems).toEqual([]);
  });

  test("shows 1001 when the server is told to end, which it does with status 0", async () => {
    await send("before the end");
    await sentRow("before the end").waitFor();
    example.child.kill("SIGTERM");
    await stateIs("closed");
    expect(await row("Closed: 1001")).toBe("Closed: 1001 (going away), no reason");
    expect(await example.exited(LIMIT)).toBe(0);
    expect(problems).toEqual([]);
  });
});

// nginx and HAProxy with the configurations of examples/deploy, in front of a server of ours.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { ROOT } from "../../build/project.mjs";
import { listens, type Running, start, temporaryFolder } from "../repo/programs.ts";

/** Texts of a configuration and what takes their place; each must be there. */
export type Changes = readonly (readonly [from: string, to: string])[];

interface Kind {
  readonly program: string;
  readonly file: string;
  /** The longest time that an idle connection lives, as the configuration says it. */
  readonly idle: (seconds: number) => Changes;
  readonly place: (place: Place) => Changes;
  readonly args: (folder: string, file: string) => string[];
}

interface Place {
  readonly folder: string;
  readonly port: number;
  readonly serverPort: number;
}

export const KINDS = {
  nginx: {
    program: "/usr/sbin/nginx",
    file: "nginx.conf",
    idle: (seconds) => [
      ["proxy_read_timeout 60s", `proxy_read_timeout ${seconds}s`],
      ["proxy_send_timeout 60s", `proxy_send_timeout ${seconds}s`],
    ],
    place: ({ folder, port, serverPort }) => [
      ["listen 443 ssl", `listen 127.0.0.1:${port} ssl`],
      ["127.0.0.1:8765", `127.0.0.1:${serverPort}`],
      ["/etc/ssl/example.com.crt", join(folder, "cert.pem")],
      ["/etc/ssl/example.com.key", join(folder, "key.pem")],
      // What is compiled in are folders of the system.
      ["http {", `http { access_log off; ${TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}`],
      ["worker_processes auto", "worker_processes 1"],
      ["worker_connections 20000", "worker_connections 256"],
    ],
    args: (folder, file) => ["-p", folder, "-e", "stderr", "-c", file, "-g", `daemon off; pid ${folder}/nginx.pid;`],
  },
  haproxy: {
    program: "/usr/sbin/haproxy",
    file: "haproxy.cfg",
    idle: (seconds) => [["timeout tunnel 60s", `timeout tunnel ${seconds}s`]],
    place: ({ folder, port, serverPort }) => [
      ["bind :443", `bind 127.0.0.1:${port}`],
      ["127.0.0.1:8765", `127.0.0.1:${serverPort}`],
      ["/etc/ssl/example.com.pem", join(folder, "both.pem")],
      ["check inter 2s", "check inter 100ms"],
      ["maxconn 20000", "maxconn 256"],
    ],
    args: (_folder, file) => ["-db", "-f", file],
  },
} as const satisfies Record<string, Kind>;

const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

const OPENSSL = "/usr/bin/openssl";

/** The names of the proxies that are installed; it is told which are not. */
export function installed(): (keyof typeof KINDS)[] {
  return (Object.keys(KINDS) as (keyof typeof KINDS)[]).filter((name) => {
    const absent = [KINDS[name].program, OPENSSL].filter((program) => !existsSync(program));
    if (absent.length > 0) {
      console.warn(
        `SKIPPED behind ${name}: there is no ${absent.join(", ")} (apt-get install nginx-light haproxy openssl)`,
      );
    }
    return absent.length === 0;
  });
}

/** A proxy that runs. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
  /** The certificate that it shows, made for 127.0.0.1. */
  readonly ca: string;
}

function makeCertificate(folder: string): string {
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync(OPENSSL, ["req", "-x509", ...kind, ...subject, "-out", cert, "-keyout", key], { stdio: "ignore" });
  const ca = readFileSync(cert, "utf8");
  writeFileSync(join(folder, "both.pem"), ca + readFileSync(key, "utf8"));
  return ca;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function change(text: string, changes: Changes): string {
  for (const [from, to] of changes) {
    if (text.split(from).length !== 2) throw new Error(`Cannot change the configuration: ${from} is not there once`);
    text = text.replace(from, () => to);
  }
  return text;
}

async function untilListening(port: number, running: Running): Promise<void> {
  while (!(await listens(port))) {
    if (running.child.exitCode !== null) throw new Error(`ended too early: ${running.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Starts a proxy in front of the server on `serverPort`, its configuration changed as told. */
export async function startProxy(name: keyof typeof KINDS, serverPort: number, changes: Changes = []): Promise<Proxy> {
  const { program, file, place, args } = KINDS[name];
  const folder = temporaryFolder();
  const ca = makeCertificate(folder.path);
  const port = await freePort();
  const config = readFileSync(join(ROOT, "examples/deploy", file), "utf8");
  const places = place({ folder: folder.path, port, serverPort });
  writeFileSync(join(folder.path, file), change(config, [...changes, ...places]));
  const running = start(program, args(folder.path, join(folder.path, file)), folder.path);
  const stop = async (): Promise<void> => {
    // Not SIGKILL: nginx would leave its workers behind.
    running.child.kill("SIGTERM");
    await running.exited(10_000);
    folder[Symbol.dispose]();
  };
  try {
    await untilListening(port, running);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, ca, [Symbol.asyncDispose]: stop };
}

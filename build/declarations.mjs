// Copies to dist/ the d.ts files that the public entries reach, out of all that tsc wrote.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fromDist, publicEntries } from "./project.mjs";

const SPECIFIER = /(\bfrom\s*|\bimport\s*\(?\s*)"(\.[^"]*)\.ts"/g;

/** Symbol.dispose and Symbol.asyncDispose, for users whose `lib` has not got them. */
const DISPOSABLE = '/// <reference lib="esnext.disposable" preserve="true" />\n';

/** @param {string} from Folder of tsc's output. @param {string} to The dist/ in the making. */
export function buildDeclarations(from, to) {
  const entries = publicEntries().map(({ name }) => `${name}.d.ts`);
  const queue = entries.filter((file) => existsSync(join(from, file)));
  const seen = new Set(queue);
  for (const file of queue) {
    const text = readFileSync(join(from, file), "utf8");
    for (const [, , stem] of text.matchAll(SPECIFIER)) {
      const next = join(dirname(file), `${stem}.d.ts`);
      if (!seen.has(next)) queue.push(next);
      seen.add(next);
    }
    copy(file, text, entries.includes(file) && !text.includes("esnext.disposable"), from, to);
  }
}

function copy(file, text, withDisposable, from, to) {
  const target = join(to, file);
  mkdirSync(dirname(target), { recursive: true });
  // A specifier of the same length, so that the source map stays right.
  const code = text.replace(SPECIFIER, (_all, before, stem) => `${before}"${stem}.js"`);
  writeFileSync(target, (withDisposable ? DISPOSABLE : "") + code);

  const map = JSON.parse(readFileSync(join(from, `${file}.map`), "utf8"));
  map.sources = map.sources.map((source) => fromDist(resolve(dirname(join(from, file)), source), `${file}.map`));
  if (withDisposable) map.mappings = `;${map.mappings}`;
  writeFileSync(`${target}.map`, JSON.stringify(map));
}

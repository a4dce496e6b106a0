// The code blocks of the documentation, and the comments in Markdown that say what to do with them.
//
// Every ```ts block of README.md and docs/ is type-checked as a module of its own against the built package.
// A comment on the lines before a block changes that:
//
//   <!-- run: name -->       The block is a complete program: it is run too. Blocks with the same name run together,
//                            each as a process of its own, in their order; the last must end by itself with status 0,
//                            and is started when the ports that the earlier ones name listen.
//   <!-- prints: text -->    What the block prints while it runs; may be repeated, a line each.
//   <!-- with: name -->      The block is a part of a program: the code of `<!-- context: name` goes before it.
//   <!-- unchecked: why -->  The block is neither checked nor run.
//
// A context is code in a comment, anywhere in the same file:
//
//   <!-- context: name
//   import type { ClientConnection } from "wsasm";
//   declare const ws: ClientConnection;
//   -->
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesBelow, ROOT } from "../../build/project.mjs";

export interface Snippet {
  /** Where the block is, such as `README.md:12`. */
  readonly place: string;
  /** Name for a file. */
  readonly name: string;
  /** The block, after its context. */
  readonly code: string;
  /** The block as it is printed. */
  readonly block: string;
  readonly run: string | null;
  readonly prints: readonly string[];
}

const CONTEXT = /<!--\s*context:\s*([\w-]+)\n([\s\S]*?)-->/g;
const BLOCK = /((?:^<!--[^\n]*-->\n+)*)^```(ts|typescript)\b[^\n]*\n([\s\S]*?)^```/gm;
const DIRECTIVE = /<!--\s*(run|prints|with|unchecked):\s*(.*?)\s*-->/g;

function snippetsOf(file: string): Snippet[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const contexts = new Map([...text.matchAll(CONTEXT)].map(([, name = "", code = ""]) => [name, code]));
  const found: Snippet[] = [];
  for (const { 0: all, 1: comments = "", 3: block = "", index } of text.matchAll(BLOCK)) {
    const directives = [...comments.matchAll(DIRECTIVE)].map(([, key = "", value = ""]) => ({ key, value }));
    const valueOf = (key: string): string | null => directives.find((one) => one.key === key)?.value ?? null;
    const line = text.slice(0, index + all.indexOf("```")).split("\n").length;
    if (valueOf("unchecked") !== null) continue;
    const context = valueOf("with");
    if (context !== null && !contexts.has(context)) throw new Error(`${file}:${line} asks for context ${context}`);
    found.push({
      place: `${file}:${line}`,
      name: `${file.replaceAll(/[^\w]+/g, "-")}-${line}`,
      code: `${contexts.get(context ?? "") ?? ""}${block}`,
      block,
      run: valueOf("run"),
      prints: directives.filter(({ key }) => key === "prints").map(({ value }) => value),
    });
  }
  return found;
}

export const DOCUMENTS: readonly string[] = ["README.md", ...filesBelow("docs").filter((file) => file.endsWith(".md"))];

export const SNIPPETS: readonly Snippet[] = DOCUMENTS.flatMap(snippetsOf);

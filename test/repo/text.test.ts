// What no committed text may hold, and links that must lead somewhere.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { committedFiles, ROOT } from "../../build/project.mjs";

const files = (committedFiles() ?? []).filter((file) => !/\.(wasm|png|ico)$/.test(file));
const textOf = (file: string): string => readFileSync(join(ROOT, file), "utf8");

/** Parts are joined here, so that this file does not hold what it looks for. */
const FORBIDDEN: readonly RegExp[] = [
  new RegExp(["(^|[\\s\"'`(=])/", "(work|root|home|Users)/"].join(""), "m"),
  new RegExp(["[A-Z]:\\\\", "Users"].join("")),
  new RegExp(["registry\\.", "npmjs|npm\\.", "jsr\\.io|registry\\.", "yarnpkg"].join("")),
  new RegExp(['"resolved', '": "http'].join("")),
];

test.skipIf(files.length === 0)("no absolute path of a machine and no registry host is committed", () => {
  const found = files.flatMap((file) => {
    const text = textOf(file);
    return FORBIDDEN.flatMap((pattern) => {
      const match = pattern.exec(text);
      return match === null ? [] : [`${file}:${text.slice(0, match.index).split("\n").length} ${match[0].trim()}`];
    });
  });
  expect(found).toEqual([]);
});

const LINK = /(?<!!)\[[^\]]*\]\(([^)\s]+)(?:\s+"[^"]*")?\)|!\[[^\]]*\]\(([^)\s]+)\)|^\[[^\]]+\]:\s+(\S+)/gm;

/** The anchors that GitHub makes of the headings of a Markdown text. */
function anchorsOf(markdown: string): Set<string> {
  const headings = markdown.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm);
  const anchors = new Set<string>();
  for (const [, heading = ""] of headings) {
    const plain = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replaceAll(/[`*]/g, "")
      .toLowerCase();
    const anchor = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
    let unique = anchor;
    for (let i = 1; anchors.has(unique); i++) unique = `${anchor}-${i}`;
    anchors.add(unique);
  }
  return anchors;
}

test.skipIf(files.length === 0)("every relative link of the Markdown files leads to a file and a heading", () => {
  const broken = files
    .filter((file) => file.endsWith(".md"))
    .flatMap((file) => {
      const text = textOf(file).replaceAll(/^```[\s\S]*?^```/gm, "");
      return [...text.matchAll(LINK)]
        .map(([, link, image, reference]) => link ?? image ?? reference ?? "")
        .filter((target) => !/^[a-z][a-z+.-]*:/i.test(target))
        .filter((target) => {
          const [path = "", anchor] = target.split("#");
          const linked = path === "" ? file : join(dirname(file), decodeURIComponent(path));
          if (!existsSync(join(ROOT, linked))) return true;
          return anchor !== undefined && linked.endsWith(".md") && !anchorsOf(textOf(linked)).has(anchor);
        })
        .map((target) => `${file}: ${target}`);
    });
  expect(broken).toEqual([]);
});

test("the reference and the catalogue of errors have every public name of wsasm and wsasm/sansio", () => {
  const names = JSON.parse(textOf("test/repo/public-names.json")) as Record<string, Record<string, string[]>>;
  const text = textOf("docs/reference.md") + textOf("docs/errors.md");
  const words = new Set(text.match(/\w+/g));
  for (const entry of [".", "./sansio"]) {
    expect(
      Object.values(names[entry] ?? {})
        .flat()
        .filter((name) => !words.has(name)),
    ).toEqual([]);
  }
});

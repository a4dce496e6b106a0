// Texts of the Autobahn test suite, section 6, by case number; bytes in hexadecimal.

/** 80 to BE in a row, of case 6.12.8. */
const CONTINUATIONS = Array.from({ length: 0x3f }, (_, i) => (0x80 + i).toString(16)).join(" ");

/** Each lead of case 6.13 with a space behind it. */
function leadsWithSpaces(least: number, most: number): string {
  return Array.from({ length: most - least + 1 }, (_, i) => `${(least + i).toString(16)} 20`).join(" ");
}

/** U+nFFFE and U+nFFFF for n from 1 to 16, of case 6.22. */
function lastOfPlanes(): [string, string][] {
  return Array.from({ length: 16 }, (_, i) => i + 1).flatMap((plane) =>
    [0xfffe, 0xffff].map((low, i): [string, string] => {
      const text = String.fromCodePoint((plane << 16) | low);
      return [`6.22.${2 * plane + 1 + i}`, Buffer.from(text).toString("hex")];
    }),
  );
}

const KOSME = "ce ba e1 bd b9 cf 83 ce bc ce b5";

function prefixes(lengths: readonly number[]): [string, string][] {
  return lengths.map((length) => [`6.6.${length}`, KOSME.slice(0, 3 * length)]);
}

function numbered(section: string, texts: readonly string[]): [string, string][] {
  return texts.map((text, i) => [`${section}.${i + 1}`, text]);
}

export const VALID_TEXTS: readonly (readonly [number: string, bytes: string])[] = [
  ["6.1.1", ""],
  ["6.2.1", Buffer.from("Hello-µ@ßöäüàá-UTF-8!!").toString("hex")],
  ["6.2.4", KOSME],
  ...numbered("6.5", [
    "68 65 6c 6c 6f 24 77 6f 72 6c 64",
    "68 65 6c 6c 6f c2 a2 77 6f 72 6c 64",
    "68 65 6c 6c 6f e2 82 ac 77 6f 72 6c 64",
    "68 65 6c 6c 6f f0 a4 ad a2 77 6f 72 6c 64",
    KOSME,
  ]),
  ...prefixes([2, 5, 7, 9, 11]),
  ...numbered("6.7", ["00", "c2 80", "e0 a0 80", "f0 90 80 80"]),
  ...numbered("6.9", ["7f", "df bf", "ef bf bf", "f4 8f bf bf"]),
  ...numbered("6.11", ["ed 9f bf", "ee 80 80", "ef bf bd", "f4 8f bf bf"]),
  ["6.22.1", "ef bf be"],
  ["6.22.2", "ef bf bf"],
  ...lastOfPlanes(),
  ...numbered("6.23", ["ef bf b9", "ef bf ba", "ef bf bb", "ef bf bc", "ef bf bd", "ef bf be", "ef bf bf"]),
];

/** Overlong and incomplete texts of 6.14, which 6.15 joins. */
const INCOMPLETE = [
  "c0",
  "e0 80",
  "f0 80 80",
  "f8 80 80 80",
  "fc 80 80 80 80",
  "df",
  "ef bf",
  "f7 bf bf",
  "fb bf bf bf",
  "fd bf bf bf bf",
];

export const INVALID_TEXTS: readonly (readonly [number: string, bytes: string])[] = [
  ["6.3.1", `${KOSME} ed a0 80 65 64 69 74 65 64`],
  ["6.4.1", `${KOSME} f4 90 80 80 65 64 69 74 65 64`],
  ...prefixes([1, 3, 4, 6, 8, 10]),
  ...numbered("6.8", ["f8 88 80 80 80", "fc 84 80 80 80 80"]),
  ...numbered("6.10", ["f7 bf bf bf", "fb bf bf bf bf", "fd bf bf bf bf bf"]),
  ["6.11.5", "f4 90 80 80"],
  ...numbered("6.12", [
    "80",
    "bf",
    "80 bf",
    "80 bf 80",
    "80 bf 80 bf",
    "80 bf 80 bf 80",
    "80 bf 80 bf 80 bf",
    CONTINUATIONS,
  ]),
  ...numbered("6.13", [
    leadsWithSpaces(0xc0, 0xde),
    leadsWithSpaces(0xe0, 0xee),
    leadsWithSpaces(0xf0, 0xf6),
    leadsWithSpaces(0xf8, 0xfa),
    leadsWithSpaces(0xfc, 0xfc),
  ]),
  ...numbered("6.14", INCOMPLETE),
  ["6.15.1", INCOMPLETE.join(" ")],
  ...numbered("6.16", ["fe", "ff", "fe fe ff ff"]),
  ...numbered("6.17", ["c0 af", "e0 80 af", "f0 80 80 af", "f8 80 80 80 af", "fc 80 80 80 80 af"]),
  ...numbered("6.18", ["c1 bf", "e0 9f bf", "f0 8f bf bf", "f8 87 bf bf bf", "fc 83 bf bf bf bf"]),
  ...numbered("6.19", ["c0 80", "e0 80 80", "f0 80 80 80", "f8 80 80 80 80", "fc 80 80 80 80 80"]),
  ...numbered("6.20", ["ed a0 80", "ed ad bf", "ed ae 80", "ed af bf", "ed b0 80", "ed be 80", "ed bf bf"]),
  ...numbered("6.21", [
    "ed a0 80 ed b0 80",
    "ed a0 80 ed bf bf",
    "ed ad bf ed b0 80",
    "ed ad bf ed bf bf",
    "ed ae 80 ed b0 80",
    "ed ae 80 ed bf bf",
    "ed af bf ed b0 80",
    "ed af bf ed bf bf",
  ]),
];

// What compressed messages are cut out of: files of the kinds and sizes of the original suite, made from a seed.

function generator(seed) {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * bound);
  };
}

function textOf(length, nextPart) {
  const parts = [];
  for (let size = 0; size < length;) {
    const part = nextPart();
    parts.push(part);
    size += part.length;
  }
  return parts.join("").slice(0, length);
}

function words(random) {
  const syllables = ["ver", "ge", "ßen", "lich", "ung", "über", "schön", "tag", "haus", "ein", "an", "mit", "ab", "kö"];
  const list = Array.from({ length: 900 }, () =>
    Array.from({ length: 1 + random(4) }, () => syllables[random(syllables.length)]).join(""),
  );
  return () => list[Math.floor((random(900) * random(900)) / 900)];
}

function json() {
  const random = generator(1);
  const word = words(random);
  const plain = () => word().replaceAll(/[^a-z]/g, "x");
  const record = () =>
    `${JSON.stringify({ id: random(1e6), name: `${plain()} ${plain()}`, tags: [plain(), plain()], score: random(1000) / 10, active: random(2) === 1 })},\n`;
  return textOf(194_056, record);
}

function picture() {
  const random = generator(2);
  const octets = Buffer.alloc(263_222);
  let level = 128;
  for (let i = 0; i < octets.length; i++) {
    if (random(24) === 0) level = random(256);
    octets[i] = level + random(2);
  }
  return octets;
}

function prose() {
  const random = generator(3);
  const word = words(random);
  return Buffer.from(textOf(222_218, () => `${word()}${random(9) === 0 ? ". " : " "}`)).subarray(0, 222_218);
}

function html() {
  const random = generator(4);
  const word = words(random);
  return textOf(
    263_647,
    () => `<li class="item"><a href="/${random(9999)}">${word()} ${word()} 😀</a></li>\n`,
  ).replaceAll(/[\uD800-\uDBFF]$/g, ".");
}

function document() {
  const random = generator(5);
  return Buffer.alloc(1_042_328).map(() => random(256));
}

/** The next `length` octets of a file, round and round; characters of text never come apart. */
function windowsOver(file) {
  if (typeof file !== "string") {
    const twice = Buffer.concat([file, file.subarray(0, 131_072)]);
    return (length, index) => twice.subarray((length * index) % file.length).subarray(0, length);
  }
  const characters = [...file];
  const { length: count } = characters;
  const octets = Buffer.from([...characters, ...characters.slice(0, 131_072)].join(""));
  // Where each character begins, and where the last one ends.
  const starts = [...octets.keys()].filter((at) => (octets[at] & 0xc0) !== 0x80);
  starts.push(octets.length);
  return (length, index) => {
    const start = (length * index) % count;
    return octets.subarray(starts[start], starts[Math.min(start + length, starts.length - 1)]);
  };
}

const FILES = {
  json: { type: 1, make: json },
  picture: { type: 2, make: picture },
  prose: { type: 2, make: prose },
  html: { type: 1, make: html },
  document: { type: 2, make: document },
};
const made = new Map();

/** A file by name: its opcode, and `take(length, index)`. */
export function corpus(name) {
  if (!made.has(name)) made.set(name, { type: FILES[name].type, take: windowsOver(FILES[name].make()) });
  return made.get(name);
}

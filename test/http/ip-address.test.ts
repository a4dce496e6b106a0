import { describe, expect, test } from "vitest";
import { isInBlock, parseAddress, parseBlock } from "../../src/http/ip-address.ts";
import { toHex } from "../support/hex.ts";

function hexOf(text: string): string | undefined {
  const bytes = parseAddress(text);
  return bytes === undefined ? undefined : toHex(bytes).replaceAll(" ", "");
}

test.each([
  ["127.0.0.1", "7f000001"],
  ["255.255.255.255", "ffffffff"],
  ["0.0.0.0", "00000000"],
  ["::", "00000000000000000000000000000000"],
  ["::1", "00000000000000000000000000000001"],
  ["1::", "00010000000000000000000000000000"],
  ["2001:db8::AB", "20010db80000000000000000000000ab"],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
  ["::ffff:192.0.2.1", "00000000000000000000ffffc0000201"],
  ["1:2:3:4:5:6:192.0.2.1", "000100020003000400050006c0000201"],
])("parseAddress() reads %s", (text, expected) => {
  expect(hexOf(text)).toBe(expected);
});

test.each([
  "",
  "localhost",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "1.2.3.1000",
  "01.2.3.4",
  "0x1.2.3.4",
  " 1.2.3.4",
  "1.2.3.4 ",
  ":",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4::5:6:7:8",
  "12345::",
  "g::",
  "[::1]",
  "::1%eth0",
  "1.2.3.4::",
  "::1.2.3.4:5",
  "1:".repeat(30),
])("parseAddress() refuses %j", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

describe("blocks", () => {
  test.each([
    ["10.0.0.0/8", "10.255.255.255", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["192.168.0.0/20", "192.168.15.255", true],
    ["192.168.0.0/20", "192.168.16.0", false],
    ["192.0.2.1/32", "192.0.2.1", true],
    ["192.0.2.1/32", "192.0.2.0", false],
    ["192.0.2.1/31", "192.0.2.0", true],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "::1", false],
    ["fd00::/8", "fdff::1", true],
    ["fd00::/8", "fe00::1", false],
    ["2001:db8::/33", "2001:db8:7fff::", true],
    ["2001:db8::/33", "2001:db8:8000::", false],
    ["::/128", "::", true],
  ])("isInBlock() %s has %s: %s", (block, address, expected) => {
    expect(isInBlock(parseAddress(address) as Uint8Array, parseBlock(block) as never)).toBe(expected);
  });

  test.each(["10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/8/8", "10/8", "a/8", "10.0.0.0/-1", "::/x"])(
    "parseBlock() refuses %s",
    (text) => {
      expect(parseBlock(text)).toBeUndefined();
    },
  );
});

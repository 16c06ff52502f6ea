import { expect, it } from "vitest";
import { shortened } from "./printable.js";

it.each([
  ["what fits", "0123456789", 10, "0123456789"],
  ["one too many", "0123456789a", 10, "012345678…"],
  ["wide characters", "你好你好你好", 10, "你好你好…"],
  ["a family, which is one character", `${"👨‍👩‍👧".repeat(2)}abc`, 5, "👨‍👩‍👧👨‍👩‍👧…"],
  ["marks without end", `a${"\u0301".repeat(100)}`, 4, undefined],
  ["nothing", "", 10, ""],
])("shortens to columns: %s", (_, text, columns, expected) => {
  const short = shortened(text, columns);
  if (expected === undefined) expect(short.length).toBeLessThanOrEqual(columns * 16 + 1);
  else expect(short).toBe(expected);
});

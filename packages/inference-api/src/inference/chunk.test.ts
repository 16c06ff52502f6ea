import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutText } from "./chunk.js";

describe("cutText", () => {
  it("leaves a short text whole and gives no parts of an empty one", () => {
    expect(cutText("short", 100)).toEqual([{ start: 0, end: 5 }]);
    expect(cutText("", 100)).toEqual([]);
  });

  it("cuts between words and lets neighbours overlap", () => {
    const text = "word ".repeat(40);
    const ranges = cutText(text, 64);
    for (const { start } of ranges) expect(start % 5).toBe(0);
    for (const [i, { end }] of ranges.entries()) expect(ranges[i + 1]?.start ?? 0).toBeLessThan(end);
  });

  it("covers any text, in parts no longer than asked, without cutting a character in two", () => {
    const texts = fc.array(fc.constantFrom("a", " ", "😀", "ä", "\n", "insult"), { maxLength: 300 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 16, max: 64 }), (pieces, size) => {
        const text = pieces.join("");
        let covered = 0;
        for (const { start, end } of cutText(text, size)) {
          expect(start).toBeLessThanOrEqual(covered);
          expect(end).toBeGreaterThan(covered);
          expect(end - start).toBeLessThanOrEqual(size + 2);
          expect(text.slice(start, end)).not.toMatch(/^[\udc00-\udfff]|[\ud800-\udbff]$/);
          covered = end;
        }
        expect(covered).toBe(text.length);
      }),
    );
  });
});

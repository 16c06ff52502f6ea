import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StopFilter } from "./stop-filter.js";

const filtered = (stops: readonly string[], parts: readonly string[]): string => {
  const filter = new StopFilter(stops);
  return parts.map((part) => filter.push(part)).join("") + filter.finish();
};

describe("StopFilter", () => {
  it("ends before the first stop string, however the text is cut", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 20 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 4 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.array(text), stops, (parts, given) => {
        const whole = parts.join("");
        const ends = given.filter((stop) => stop !== "").map((stop) => whole.indexOf(stop));
        const end = Math.min(whole.length, ...ends.filter((at) => at >= 0));
        expect(filtered(given, parts)).toBe(whole.slice(0, end));
      }),
    );
  });

  it("holds back only what may become a stop string", () => {
    const filter = new StopFilter(["\n\n", "END"]);
    expect([filter.push("one\n"), filter.push("two E"), filter.push("N"), filter.push("d")]).toEqual([
      "one",
      "\ntwo ",
      "",
      "ENd",
    ]);
    expect(filter.stopped).toBe(false);
    expect([filter.push(" EN"), filter.push("D more"), filter.finish()]).toEqual([" ", "", ""]);
    expect(filter.stopped).toBe(true);
  });
});

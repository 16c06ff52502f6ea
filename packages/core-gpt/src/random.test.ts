import { describe, expect, it } from "vitest";
import { createRandom, fillNormal, seedFor } from "./random.js";

describe("createRandom", () => {
  it("gives the same numbers for the same seed, on every machine", () => {
    const random = createRandom(42);
    expect([random(), random(), random()]).toMatchInlineSnapshot(`
      [
        0.15377165307290852,
        0.8504893006756902,
        0.018084544222801924,
      ]
    `);
  });

  it("is uniform in [0, 1)", () => {
    const random = createRandom(1);
    const counts = new Array<number>(10).fill(0);
    // A value outside would count in no box, and the boxes would not add up.
    for (let i = 0; i < 100_000; i++) counts[Math.floor(10 * random())]! += 1;
    expect(counts.reduce((sum, count) => sum + count)).toBe(100_000);
    // Standard deviation of each count is 95; five of them.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(475);
  });
});

describe("fillNormal", () => {
  it.each([0, 1, 9_999])("fills %i values", (length) => {
    const values = new Float32Array(length);
    fillNormal(values, 2, createRandom(3));
    expect(values.every((value) => value !== 0 && Number.isFinite(value))).toBe(true);
  });

  it("has the moments of a normal distribution", () => {
    const values = new Float32Array(100_000);
    fillNormal(values, 2, createRandom(5));
    const moment = (k: number): number => values.reduce((sum, v) => sum + (v / 2) ** k, 0) / values.length;
    // Of 100,000 values: five standard errors of each moment.
    expect(Math.abs(moment(1))).toBeLessThan(0.016);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.023);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.16);
  });
});

describe("seedFor", () => {
  it("tells names and bases apart", () => {
    const seeds = [seedFor(0, "a"), seedFor(0, "b"), seedFor(1, "a"), seedFor(0, "ab"), seedFor(0, "ba")];
    expect(new Set(seeds).size).toBe(5);
  });
});

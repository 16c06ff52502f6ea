import { describe, expect, it } from "vitest";
import { expectClose, maxDifference } from "./difference.js";
import { finiteDifference } from "./finite-difference.js";

describe("maxDifference", () => {
  it("finds the largest difference and where it is", () => {
    expect(maxDifference([1, 2, 40], [1, 4, 41])).toEqual({ absolute: 2, relative: 2 / 41, index: 1 });
  });

  it("counts NaN as infinitely far, on one side only", () => {
    expect(maxDifference([Number.NaN], [0]).absolute).toBe(Infinity);
    expect(maxDifference([0], [Number.NaN]).absolute).toBe(Infinity);
    expect(maxDifference([Number.NaN], [Number.NaN]).absolute).toBe(0);
    expect(maxDifference([Infinity], [Infinity]).absolute).toBe(0);
  });

  it("refuses arrays of different lengths", () => {
    expect(() => maxDifference([1], [])).toThrow("expected 0 values, got 1");
  });
});

describe("expectClose", () => {
  it("names what differs, where and by how much", () => {
    expect(() => expectClose([1, 2], [1, 2.5], 0.1, "logits")).toThrow(
      "logits: differ by 5.00e-1 at 1 (expected 2.5, got 2); allowed 0.1",
    );
    expect(() => expectClose([1, 2], [1, 2.5], 0.5)).not.toThrow();
  });
});

describe("finiteDifference", () => {
  it("gives the gradient of a polynomial", () => {
    const gradient = finiteDifference(([x = 0, y = 0]) => x * x * y, [3, 2]);
    // 2xy = 12 and x² = 9; central differences are exact for parabolas, but for float32 inputs.
    expectClose(gradient, [12, 9], 1e-4);
  });
});

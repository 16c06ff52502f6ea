import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkThreshold, decide, scoreOf } from "./decide.js";
import { DetectorError } from "./errors.js";

describe("scoreOf", () => {
  it("is the softmax probability of the second label", () => {
    expect(scoreOf(0, 0, 1)).toBe(0.5);
    expect(scoreOf(1, 3, 1)).toBeCloseTo(Math.exp(3) / (Math.exp(1) + Math.exp(3)), 12);
  });

  it("moves towards one half as the temperature rises", () => {
    expect(scoreOf(0, 2, 2)).toBeCloseTo(1 / (1 + Math.exp(-1)), 12);
  });

  it("stays within 0 and 1 for logits that would overflow a plain exponential", () => {
    expect(scoreOf(-5000, 5000, 1)).toBe(1);
    expect(scoreOf(5000, -5000, 1)).toBe(0);
  });

  it("refuses a network output that is not finite", () => {
    expect(() => scoreOf(Number.NaN, 0, 1)).toThrow(
      expect.objectContaining({ name: "DetectorError", code: "OUTPUT_NOT_FINITE" }),
    );
    expect(() => scoreOf(0, Number.POSITIVE_INFINITY, 1)).toThrow(DetectorError);
  });
});

describe("decide", () => {
  it("counts a score at the threshold as cyberbullying, with the least confidence", () => {
    expect(decide(0.3, 0.3)).toEqual({
      label: "cyberbullying",
      isCyberbullying: true,
      confidence: 0.5,
      score: 0.3,
      threshold: 0.3,
    });
  });

  it("is the probability of the label where the threshold is one half", () => {
    expect(decide(0.9, 0.5).confidence).toBeCloseTo(0.9, 12);
    expect(decide(0.2, 0.5).confidence).toBeCloseTo(0.8, 12);
  });

  it("is certain at 0 and 1 whatever the threshold", () => {
    for (const threshold of [0.01, 0.5, 0.99, 1]) {
      expect(decide(0, threshold)).toMatchObject({ isCyberbullying: false, confidence: 1 });
      expect(decide(1, threshold)).toMatchObject({ isCyberbullying: true, confidence: 1 });
    }
    expect(decide(1, 0)).toMatchObject({ isCyberbullying: true, confidence: 1 });
    expect(decide(0, 7.4e-323)).toMatchObject({ isCyberbullying: false, confidence: 1 });
  });

  it("keeps the confidence within 0.5 and 1, growing away from the threshold", () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(unit, unit, unit, (a, b, threshold) => {
        const [near, far] = Math.abs(a - threshold) <= Math.abs(b - threshold) ? [a, b] : [b, a];
        const first = decide(near, threshold);
        const second = decide(far, threshold);
        expect(first.confidence).toBeGreaterThanOrEqual(0.5);
        expect(first.confidence).toBeLessThanOrEqual(1);
        if (first.label === second.label) {
          // 1e-12: two float64 divisions may round apart.
          expect(second.confidence).toBeGreaterThanOrEqual(first.confidence - 1e-12);
        }
      }),
    );
  });
});

describe("checkThreshold", () => {
  it.each([-0.1, 1.1, Number.NaN, Number.POSITIVE_INFINITY])("refuses %s", (threshold) => {
    expect(() => checkThreshold(threshold)).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
  });
});

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { confusionAt } from "./confusion.js";
import { bootstrapIntervals, metricNames, quantile, wilsonInterval } from "./intervals.js";
import { measure, rankScores } from "./ranked-scores.js";
import { describeFit, fitTemperature, scoresOf, TEMPERATURE_RANGE } from "./temperature.js";
import { bestThreshold, thresholdTable } from "./thresholds.js";

const figures = z.object({
  confusion: z.record(z.string(), z.number()),
  ...Object.fromEntries(metricNames.map((name) => [name, z.number().nullable()])),
});
const goldenFile = z.object({
  cases: z.array(
    z.object({
      name: z.string(),
      labels: z.array(z.number()),
      scores: z.array(z.number()),
      threshold: z.number(),
      expected: figures.catchall(z.unknown()),
      weights: z.array(z.number()),
      weighted: figures.catchall(z.unknown()),
      best: z.object({ accuracy: z.number(), f1: z.number(), youden: z.number() }),
    }),
  ),
  temperatures: z.array(
    z.object({ labels: z.array(z.number()), margins: z.array(z.number()), expected: z.number() }),
  ),
  wilson: z.array(z.object({ successes: z.number(), trials: z.number(), low: z.number(), high: z.number() })),
});
const goldens = goldenFile.parse(
  JSON.parse(readFileSync(new URL("./goldens/metrics.json", import.meta.url), "utf8")),
);

/** Both sides add up to some hundred float64 numbers, in another order. */
const TOLERANCE = 1e-12;

function expectFigures(got: object, expected: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(expected)) {
    const mine: unknown = Object.entries(got).find(([key]) => key === name)?.[1];
    if (typeof value !== "number" || typeof mine !== "number") expect(mine, name).toEqual(value);
    else expect(Math.abs(mine - value), name).toBeLessThan(TOLERANCE);
  }
}

describe.each(goldens.cases)(
  "against scikit-learn: $name",
  ({ labels, scores, threshold, expected, weights, weighted, best }) => {
    const labelArray = Uint8Array.from(labels);
    const scoreArray = Float64Array.from(scores);
    const ranked = rankScores(labelArray, scoreArray, threshold);

    it("gives every figure", () => {
      expectFigures(measure(ranked), expected);
    });

    it("gives every figure of a weighted resample", () => {
      // Golden weights are by row; the ranked order sorts rows by falling score, first rows first among equals.
      const order = Uint32Array.from(labels, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
      expectFigures(
        measure(
          ranked,
          Uint16Array.from(order, (i) => weights[i]!),
        ),
        weighted,
      );
    });

    it("finds the best threshold, and it does what it promises", () => {
      for (const aim of ["accuracy", "f1", "youden"] as const) {
        const found = bestThreshold(ranked, aim);
        expect(Math.abs(found.value - best[aim])).toBeLessThan(TOLERANCE);
        const [row] = thresholdTable(labelArray, scoreArray, [found.threshold]);
        const reached = aim === "youden" ? row!.recall + row!.specificity - 1 : row![aim];
        expect(Math.abs(reached - best[aim])).toBeLessThan(TOLERANCE);
      }
    });
  },
);

describe("temperature", () => {
  it.each(goldens.temperatures)("is scipy's minimum", ({ labels, margins, expected }) => {
    // scipy's bounded search stops at a relative 1e-8 of the argument, since the loss is flat there.
    expect(
      Math.abs(fitTemperature(Uint8Array.from(labels), Float64Array.from(margins)) / expected - 1),
    ).toBeLessThan(1e-6);
  });

  it.each([
    [[0, 1], [-1, 1], "surer than they should be: the temperature ended at its bound 0.05"],
    [[0, 1], [1, -1], "near one half: the temperature ended at its bound 20"],
  ])("says what a bound means: %j %j", (labels, margins, expected) => {
    const temperature = fitTemperature(Uint8Array.from(labels), Float64Array.from(margins));
    expect(describeFit(temperature, 2)).toContain(expected);
    expect(describeFit(temperature, 1)).toContain("the 1 validation message ");
    expect(describeFit(1.3, 2)).toBeUndefined();
  });

  it("undoes a scaling of the margins", () => {
    const { labels, margins } = goldens.temperatures[0]!;
    const fit = (scale: number): number =>
      fitTemperature(
        Uint8Array.from(labels),
        Float64Array.from(margins, (margin) => scale * margin),
      );
    expect(fit(3) / fit(1)).toBeCloseTo(3, 8);
  });

  it("stays within its range where the data cannot tell", () => {
    expect(fitTemperature(Uint8Array.of(0, 1), Float64Array.of(-1, 1))).toBe(TEMPERATURE_RANGE.lowest);
    expect(fitTemperature(Uint8Array.of(1, 0), Float64Array.of(-1, 1))).toBe(TEMPERATURE_RANGE.highest);
    expect(fitTemperature(Uint8Array.of(1, 0), Float64Array.of(0, 0))).toBe(TEMPERATURE_RANGE.highest);
  });

  it("keeps scores finite for huge margins, and refuses margins that are not finite", () => {
    expect([...scoresOf(Float64Array.of(-1e4, 0, 1e4))]).toEqual([0, 0.5, 1]);
    expect(() => fitTemperature(Uint8Array.of(1), Float64Array.of(Number.NaN))).toThrow(/finite/);
    expect(() => fitTemperature(new Uint8Array(0), new Float64Array(0))).toThrow(/finite/);
  });
});

describe("intervals", () => {
  it.each(goldens.wilson)(
    "by Wilson agree with scipy for $successes of $trials",
    ({ successes, trials, low, high }) => {
      const interval = wilsonInterval(successes, trials);
      // z is rounded to seven digits.
      expect(Math.abs(interval.low - low)).toBeLessThan(1e-7);
      expect(Math.abs(interval.high - high)).toBeLessThan(1e-7);
    },
  );

  it("by bootstrap agree with Wilson's for a share, and hold the figure itself", () => {
    const { labels, scores } = goldens.cases[0]!;
    const ranked = rankScores(Uint8Array.from(labels), Float64Array.from(scores), 0.5);
    const measured = measure(ranked);
    const intervals = bootstrapIntervals(ranked, 2_000, 3, 0.95);
    const wilson = wilsonInterval(measured.accuracy * ranked.count, ranked.count);
    // Two methods for 300 messages: their ends differ by less than two messages.
    expect(Math.abs(intervals.accuracy!.low - wilson.low)).toBeLessThan(2 / 300);
    expect(Math.abs(intervals.accuracy!.high - wilson.high)).toBeLessThan(2 / 300);
    for (const name of [
      "precision",
      "recall",
      "f1",
      "macroF1",
      "rocAuc",
      "prAuc",
      "brier",
      "logLoss",
    ] as const) {
      expect(intervals[name]!.low).toBeLessThan(measured[name]!);
      expect(intervals[name]!.high).toBeGreaterThan(measured[name]!);
    }
  });

  it("by bootstrap are the same for the same seed", () => {
    const ranked = rankScores(Uint8Array.of(0, 1, 1, 0), Float64Array.of(0.2, 0.7, 0.4, 0.6), 0.5);
    expect(bootstrapIntervals(ranked, 50, 9, 0.9)).toEqual(bootstrapIntervals(ranked, 50, 9, 0.9));
    expect(bootstrapIntervals(ranked, 0, 9, 0.9).accuracy).toBeNull();
  });

  it("interpolate quantiles", () => {
    expect(quantile(Float64Array.of(0, 10, 20), 0.75)).toBe(15);
  });
});

const labelled = fc
  .array(fc.tuple(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })), {
    minLength: 1,
    maxLength: 60,
  })
  .map((rows) => ({
    labels: Uint8Array.from(rows, ([label]) => label),
    scores: Float64Array.from(rows, ([, score]) => score),
  }));

describe("figures of any scores", () => {
  it("count each message once, and agree with the confusion matrix made without sorting", () => {
    fc.assert(
      fc.property(labelled, fc.double({ min: 0, max: 1, noNaN: true }), ({ labels, scores }, threshold) => {
        const { confusion } = measure(rankScores(labels, scores, threshold));
        expect(confusion).toEqual(confusionAt(labels, scores, threshold));
        expect(Object.values(confusion).reduce((sum, count) => sum + count, 0)).toBe(labels.length);
      }),
    );
  });

  it("are the area by pairs", () => {
    fc.assert(
      fc.property(labelled, ({ labels, scores }) => {
        let won = 0;
        let pairs = 0;
        labels.forEach((a, i) => {
          labels.forEach((b, j) => {
            if (a !== 1 || b !== 0) return;
            pairs++;
            won += scores[i]! > scores[j]! ? 1 : scores[i]! === scores[j]! ? 0.5 : 0;
          });
        });
        const { rocAuc } = measure(rankScores(labels, scores, 0.5));
        if (pairs === 0) expect(rocAuc).toBeNull();
        else expect(rocAuc).toBeCloseTo(won / pairs, 12);
      }),
    );
  });

  it.each([
    ["no messages", [], []],
    ["other lengths", [1], [0.1, 0.2]],
    ["a third label", [2], [0.5]],
    ["a score above 1", [1], [1.5]],
    ["NaN", [1], [Number.NaN]],
  ])("refuse %s", (_, labels, scores) => {
    expect(() => rankScores(Uint8Array.from(labels), Float64Array.from(scores), 0.5)).toThrow(
      expect.objectContaining({ reason: "BAD_SCORES" }),
    );
  });
});

import { describe, expect, it } from "vitest";
import { createDataRandom } from "../data/random.js";
import { precisionRecallCurve, reliabilityBins, rocCurve } from "./curves.js";
import { evaluateScores } from "./evaluation.js";
import { formatEvaluation } from "./evaluation-table.js";
import { rankScores } from "./ranked-scores.js";

const labels = Uint8Array.of(1, 1, 0, 1, 0, 0, 0, 1);
const scores = Float64Array.of(0.95, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1);

describe("an evaluation", () => {
  const evaluation = evaluateScores(labels, scores, { bootstrap: 200, seed: 5 });

  it("survives JSON unchanged", () => {
    expect(JSON.parse(JSON.stringify(evaluation))).toEqual(evaluation);
  });

  it("holds the figures, and how the intervals were made", () => {
    expect(evaluation).toMatchObject({
      messages: 8,
      positive: 4,
      threshold: 0.5,
      confusion: { truePositives: 3, falsePositives: 1, trueNegatives: 3, falseNegatives: 1 },
      metrics: { accuracy: { value: 0.75 }, rocAuc: { value: 11 / 16 } },
      majorityAccuracy: 0.5,
      method: { resamples: 200, seed: 5, confidence: 0.95, ece: "15 equal-width bins" },
    });
    expect(evaluation.thresholds).toHaveLength(19);
  });

  it("says null where one label is missing", () => {
    const { metrics } = evaluateScores(Uint8Array.of(0, 0), Float64Array.of(0.2, 0.4), { bootstrap: 10 });
    const { rocAuc, prAuc, recall, f1 } = metrics;
    for (const metric of [rocAuc, prAuc, recall, f1]) expect(metric).toEqual({ value: null, interval: null });
    expect(metrics.specificity.value).toBe(1);
  });

  it("prints - for what one label does not define, and why", () => {
    const harmless = evaluateScores(Uint8Array.of(0, 0), Float64Array.of(0.2, 0.6), { bootstrap: 0 });
    const text = formatEvaluation(harmless);
    expect(text).toMatch(/^ROC-AUC +-$/m);
    expect(text).toMatch(/^recall +-$/m);
    expect(text).toContain("- : not defined, since no message is cyberbullying here");
    expect(text).toMatch(/^ +0\.50 +0\.500 +- +- +- +0\.500$/m);
    expect(text).not.toContain("best f1");
    const bullying = evaluateScores(Uint8Array.of(1, 1), Float64Array.of(0.2, 0.6), { bootstrap: 0 });
    expect(bullying.metrics.recall.value).toBe(0.5);
    expect(formatEvaluation(bullying)).toMatch(/^specificity +-$/m);
  });

  it("prints as a table", () => {
    expect(formatEvaluation(evaluation)).toMatchSnapshot();
  });

  it("of thousands of messages draws its resamples by weights", () => {
    const random = createDataRandom(1);
    const many = Uint8Array.from({ length: 3_250 }, () => (random() < 0.5 ? 1 : 0));
    const big = evaluateScores(
      many,
      Float64Array.from(many, (label) => (label + 2 * random()) / 3),
    );
    const { value, interval } = big.metrics.accuracy;
    // Half-width of a 95 % interval of a share among 3,250: at most 1.96 * sqrt(1/4 / 3250) = 0.0172.
    expect(interval!.high - value!).toBeLessThan(0.02);
    expect(interval!.high).toBeGreaterThan(interval!.low);
  });
});

describe("curves", () => {
  const ranked = rankScores(labels, scores, 0.5);

  it("run from corner to corner, and enclose the area", () => {
    const roc = rocCurve(ranked);
    expect(roc[0]).toMatchObject({ falsePositiveRate: 0, recall: 0 });
    expect(roc.at(-1)).toMatchObject({ falsePositiveRate: 1, recall: 1 });
    const area = roc.slice(1).reduce((sum, point, i) => {
      const before = roc[i]!;
      return (
        sum + ((point.recall + before.recall) / 2) * (point.falsePositiveRate - before.falsePositiveRate)
      );
    }, 0);
    expect(area).toBeCloseTo(11 / 16, 12);
  });

  it("give precision for rising recall", () => {
    const points = precisionRecallCurve(ranked);
    expect(points[0]).toEqual({ recall: 0.25, precision: 1, threshold: 0.95 });
    expect(points.at(-1)).toMatchObject({ recall: 1, precision: 0.5 });
  });

  it("are empty where they are not defined", () => {
    const harmless = rankScores(Uint8Array.of(0, 0), Float64Array.of(0.2, 0.3), 0.5);
    expect(rocCurve(harmless)).toEqual([]);
    expect(precisionRecallCurve(harmless)).toEqual([]);
  });

  it("put a score of 1 into the last bin", () => {
    expect(reliabilityBins(Uint8Array.of(1, 0), Float64Array.of(1, 0.05), 10)).toEqual([
      { from: 0, to: 0.1, count: 1, meanScore: 0.05, positiveShare: 0 },
      { from: 0.9, to: 1, count: 1, meanScore: 1, positiveShare: 1 },
    ]);
  });
});

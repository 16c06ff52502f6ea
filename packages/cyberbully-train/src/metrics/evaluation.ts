/** Every figure of one evaluation, JSON-safe, from labels and scores; and its table for a terminal. */
import type { Confusion } from "./confusion.js";
import { type ReliabilityBin, reliabilityBins } from "./curves.js";
import {
  bootstrapIntervals,
  type Interval,
  type MetricName,
  metricNames,
  wilsonInterval,
} from "./intervals.js";
import { ECE_BINS, measure, rankScores } from "./ranked-scores.js";
import {
  type BestThreshold,
  bestThreshold,
  type ThresholdAim,
  type ThresholdRow,
  thresholdTable,
} from "./thresholds.js";

export interface EvaluationOptions {
  /** Cyberbullying where `score >= threshold`; default 0.5. */
  readonly threshold?: number;
  /** Resamples of the bootstrap; default 1,000, 0 for none. */
  readonly bootstrap?: number;
  /** Of the bootstrap; default 1. */
  readonly seed?: number;
  /** Of the intervals; default 0.95. */
  readonly confidence?: number;
}

export interface MetricValue {
  /** Null where the data do not define it: with one label only, what is a share of the other or compares the two. */
  readonly value: number | null;
  readonly interval: Interval | null;
}

export interface Evaluation {
  readonly messages: number;
  readonly positive: number;
  readonly threshold: number;
  readonly confusion: Confusion;
  readonly metrics: Readonly<Record<MetricName, MetricValue>>;
  /** Of accuracy, beside the bootstrap's: needs no resampling. */
  readonly accuracyWilson: Interval;
  /** Accuracy of always naming the more frequent label. */
  readonly majorityAccuracy: number;
  readonly thresholds: readonly ThresholdRow[];
  readonly bestThresholds: Readonly<Record<ThresholdAim, BestThreshold>>;
  /** Ten bins of equal width. */
  readonly reliability: readonly ReliabilityBin[];
  readonly method: {
    readonly intervals: "percentile bootstrap over messages";
    readonly resamples: number;
    readonly seed: number;
    readonly confidence: number;
    readonly ece: string;
  };
}

/**
 * @param labels - 0 or 1, [N]
 * @param scores - probability of cyberbullying, 0 to 1, [N]
 * @throws {TrainDataError} BAD_SCORES
 */
export function evaluateScores(
  labels: Uint8Array,
  scores: Float64Array,
  options: EvaluationOptions = {},
): Evaluation {
  const { threshold = 0.5, bootstrap = 1_000, seed = 1, confidence = 0.95 } = options;
  const ranked = rankScores(labels, scores, threshold);
  const measured = measure(ranked);
  const intervals = bootstrapIntervals(ranked, bootstrap, seed, confidence);
  const { confusion } = measured;
  const right = confusion.truePositives + confusion.trueNegatives;
  const positive = confusion.truePositives + confusion.falseNegatives;
  const undefinedFigures = undefinedWith(positive, ranked.count - positive);
  const metric = (name: MetricName): [MetricName, MetricValue] => [
    name,
    undefinedFigures.includes(name)
      ? { value: null, interval: null }
      : { value: measured[name], interval: intervals[name] },
  ];
  return {
    messages: ranked.count,
    positive,
    threshold,
    confusion,
    metrics: Object.fromEntries(metricNames.map(metric)) as Record<MetricName, MetricValue>,
    accuracyWilson: wilsonInterval(right, ranked.count),
    majorityAccuracy: Math.max(positive, ranked.count - positive) / ranked.count,
    thresholds: thresholdTable(labels, scores),
    bestThresholds: {
      accuracy: bestThreshold(ranked, "accuracy"),
      f1: bestThreshold(ranked, "f1"),
      youden: bestThreshold(ranked, "youden"),
    },
    reliability: reliabilityBins(labels, scores),
    method: {
      intervals: "percentile bootstrap over messages",
      resamples: bootstrap,
      seed,
      confidence,
      ece: `${ECE_BINS} equal-width bins`,
    },
  };
}

/** The figures that say nothing where a label is missing; shares of nothing would be printed as 0. */
function undefinedWith(positives: number, negatives: number): readonly MetricName[] {
  if (positives === 0) return ["precision", "recall", "f1", "macroF1", "rocAuc", "prAuc"];
  return negatives === 0 ? ["specificity", "macroF1", "rocAuc", "prAuc"] : [];
}

/** What each threshold would do, and the one that suits an aim best. To be chosen on validation data, never on test data. */
import { type Confusion, confusionAt, type DecisionMetrics, decisionMetrics } from "./confusion.js";
import type { RankedScores } from "./ranked-scores.js";

export interface ThresholdRow extends DecisionMetrics {
  readonly threshold: number;
  /** Part of all messages that would be called cyberbullying. */
  readonly flagged: number;
}

/** youden: recall + specificity - 1, which does not depend on how frequent cyberbullying is. */
export type ThresholdAim = "accuracy" | "f1" | "youden";

export interface BestThreshold {
  readonly threshold: number;
  /** What was maximised, at that threshold. */
  readonly value: number;
}

/** 0.05, 0.1 ... 0.95 */
export const defaultThresholds: readonly number[] = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

export function thresholdTable(
  labels: Uint8Array,
  scores: Float64Array,
  thresholds: readonly number[] = defaultThresholds,
): ThresholdRow[] {
  return thresholds.map((threshold) => {
    const confusion = confusionAt(labels, scores, threshold);
    const flagged = (confusion.truePositives + confusion.falsePositives) / labels.length;
    return { threshold, flagged, ...decisionMetrics(confusion) };
  });
}

const aimedAt: Readonly<Record<ThresholdAim, (metrics: DecisionMetrics) => number>> = {
  accuracy: ({ accuracy }) => accuracy,
  f1: ({ f1 }) => f1,
  youden: ({ recall, specificity }) => recall + specificity - 1,
};

/**
 * Looks at every threshold that decides differently. Between two scores it takes the middle, which generalises better
 * than the score itself; of equally good ones, the nearest to one half.
 */
export function bestThreshold(ranked: RankedScores, aim: ThresholdAim): BestThreshold {
  const { count, labels, scores, endsTie } = ranked;
  const positives = labels.reduce((sum, label) => sum + label, 0);
  let best = { threshold: 1, value: Number.NEGATIVE_INFINITY };
  const consider = (threshold: number, flagged: number, found: number): void => {
    const confusion: Confusion = {
      truePositives: found,
      falsePositives: flagged - found,
      falseNegatives: positives - found,
      trueNegatives: count - positives - (flagged - found),
    };
    const value = aimedAt[aim](decisionMetrics(confusion));
    const gain = value - best.value;
    // Rounding must not decide between equally good thresholds.
    const nearer = Math.abs(threshold - 0.5) < Math.abs(best.threshold - 0.5);
    if (gain > 1e-12 || (gain > -1e-12 && nearer)) best = { threshold, value };
  };
  // A threshold above the highest score flags nothing; one cannot be above 1, where a score of 1 is still flagged.
  if (scores[0]! < 1) consider((scores[0]! + 1) / 2, 0, 0);
  let found = 0;
  for (let i = 0; i < count; i++) {
    found += labels[i]!;
    if (endsTie[i] === 0) continue;
    const score = scores[i]!;
    const next = i === count - 1 ? 0 : scores[i + 1]!;
    const middle = (score + next) / 2;
    // Between neighbouring floats there is no middle.
    consider(middle > next ? middle : score, i + 1, found);
  }
  return best;
}

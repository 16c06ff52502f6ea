/** The points of the ROC, precision-recall and reliability plots. */
import type { RankedScores } from "./ranked-scores.js";

export interface RocPoint {
  readonly falsePositiveRate: number;
  readonly recall: number;
  readonly threshold: number;
}

export interface PrecisionRecallPoint {
  readonly recall: number;
  readonly precision: number;
  readonly threshold: number;
}

export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Mean score, and the part that is cyberbullying: equal for a calibrated detector. */
  readonly meanScore: number;
  readonly positiveShare: number;
}

/** A point for each distinct score, from (0, 0) to (1, 1). Empty where a label is missing. */
export function rocCurve(ranked: RankedScores): RocPoint[] {
  const positives = ranked.labels.reduce((sum, label) => sum + label, 0);
  const negatives = ranked.count - positives;
  if (positives === 0 || negatives === 0) return [];
  const points = cumulative(ranked).map(({ threshold, found, flagged }) => ({
    falsePositiveRate: (flagged - found) / negatives,
    recall: found / positives,
    threshold,
  }));
  return [{ falsePositiveRate: 0, recall: 0, threshold: 1 }, ...points];
}

/** A point for each distinct score, recall rising. Empty without cyberbullying. */
export function precisionRecallCurve(ranked: RankedScores): PrecisionRecallPoint[] {
  const positives = ranked.labels.reduce((sum, label) => sum + label, 0);
  if (positives === 0) return [];
  return cumulative(ranked).map(({ threshold, found, flagged }) => ({
    recall: found / positives,
    precision: found / flagged,
    threshold,
  }));
}

/** Bins of equal width; empty ones are left out. */
export function reliabilityBins(labels: Uint8Array, scores: Float64Array, bins = 10): ReliabilityBin[] {
  const sums = Array.from({ length: bins }, () => ({ count: 0, score: 0, positive: 0 }));
  scores.forEach((score, i) => {
    const bin = sums[Math.min(bins - 1, Math.floor(score * bins))]!;
    bin.count++;
    bin.score += score;
    bin.positive += labels[i]!;
  });
  return sums.flatMap(({ count, score, positive }, i) =>
    count === 0
      ? []
      : [
          {
            from: i / bins,
            to: (i + 1) / bins,
            count,
            meanScore: score / count,
            positiveShare: positive / count,
          },
        ],
  );
}

/** Rows flagged, and cyberbullying among them, at each distinct score as threshold. */
function cumulative(ranked: RankedScores): { threshold: number; flagged: number; found: number }[] {
  const points: { threshold: number; flagged: number; found: number }[] = [];
  let found = 0;
  for (let i = 0; i < ranked.count; i++) {
    found += ranked.labels[i]!;
    if (ranked.endsTie[i] === 1) points.push({ threshold: ranked.scores[i]!, flagged: i + 1, found });
  }
  return points;
}

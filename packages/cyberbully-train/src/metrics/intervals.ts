/** Intervals that say how far a figure may be off because the evaluation set is small. */
import { createDataRandom } from "../data/random.js";
import { measure, type RankedScores, type ScoreMetrics } from "./ranked-scores.js";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export type MetricName = keyof ScoreMetrics;

export const metricNames = [
  "accuracy",
  "precision",
  "recall",
  "specificity",
  "f1",
  "macroF1",
  "rocAuc",
  "prAuc",
  "ece",
  "brier",
  "logLoss",
] as const satisfies readonly MetricName[];

/**
 * Percentile bootstrap over messages: each resample draws as many rows as there are, with replacement.
 * @param confidence - 0 to 1, for example 0.95
 * @returns null for a figure that too few resamples define
 */
export function bootstrapIntervals(
  ranked: RankedScores,
  resamples: number,
  seed: number,
  confidence: number,
): Readonly<Record<MetricName, Interval | null>> {
  const random = createDataRandom(seed);
  const values = new Map<MetricName, number[]>(metricNames.map((name) => [name, []]));
  const weights = new Uint16Array(ranked.count);
  for (let r = 0; r < resamples; r++) {
    weights.fill(0);
    for (let i = 0; i < ranked.count; i++) weights[Math.floor(random() * ranked.count)]!++;
    const measured = measure(ranked, weights);
    for (const [name, list] of values) {
      const value = measured[name];
      if (value !== null) list.push(value);
    }
  }
  const tail = (1 - confidence) / 2;
  const interval = (list: readonly number[]): Interval | null => {
    if (list.length < resamples / 2 || list.length === 0) return null;
    const sorted = Float64Array.from(list).sort();
    return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
  };
  const found = Object.fromEntries(metricNames.map((name) => [name, interval(values.get(name)!)]));
  return found as Record<MetricName, Interval | null>;
}

/** Linear between neighbours, numpy's default. @param sorted - rising, not empty */
export function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (at - below);
}

/**
 * Wilson score interval of a share (Wilson 1927): right also for small samples and shares near 1.
 * @param z - standard normal quantile; 1.959964 for 95 %
 */
export function wilsonInterval(successes: number, trials: number, z = 1.959964): Interval {
  if (trials === 0) return { low: 0, high: 1 };
  const share = successes / trials;
  const scale = 1 + (z * z) / trials;
  const centre = (share + (z * z) / (2 * trials)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

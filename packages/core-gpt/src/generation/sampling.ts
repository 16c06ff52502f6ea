/**
 * From logits to the next token: pure functions on plain arrays, the randomness passed in.
 *
 * The steps and their order are those of Hugging Face's `generate` (repetition penalty, temperature, top-k, top-p), and
 * the probabilities are the same.
 */
import { GptError } from "../errors.js";
import type { Random } from "../random.js";

export interface SamplingOptions {
  /** Logits are divided by it: below 1 surer, above 1 more varied. 0 always takes the likeliest token. Default 1. */
  readonly temperature?: number;
  /** Only this many of the likeliest tokens. Default: all. */
  readonly topK?: number;
  /** Only the likeliest tokens that together have this probability (Holtzman et al. 2020, arXiv 1904.09751). Default 1: all. */
  readonly topP?: number;
  /** Makes tokens that were read already less likely (Keskar et al. 2019, arXiv 1909.05858). Default 1: off. */
  readonly repetitionPenalty?: number;
}

/** @throws {GptError} INVALID_SAMPLING, naming everything that is out of range */
export function checkSampling({ temperature, topK, topP, repetitionPenalty }: SamplingOptions): void {
  const wrong: string[] = [];
  const require = (
    name: string,
    value: number | undefined,
    ok: (value: number) => boolean,
    range: string,
  ): void => {
    if (value !== undefined && !ok(value)) wrong.push(`${name} must be ${range}, got ${value}`);
  };
  require("temperature", temperature, (v) => v >= 0 && v < Infinity, "a number from 0");
  require("topK", topK, (v) => Number.isInteger(v) && v >= 1, "a whole number from 1");
  require("topP", topP, (v) => v > 0 && v <= 1, "above 0 and at most 1");
  require("repetitionPenalty", repetitionPenalty, (v) => v > 0 && v < Infinity, "above 0");
  if (wrong.length > 0) throw new GptError("INVALID_SAMPLING", wrong.join("; "));
}

/** Index of the largest number, the first of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** A token that may come next. */
export interface Candidate {
  readonly id: number;
  /** Of all candidates together: 1. */
  readonly probability: number;
}

/**
 * The tokens that may come next, in any order.
 * @param logits - float32 [V]; untouched
 * @param previous - ids that the repetition penalty falls on
 * @throws {GptError} INVALID_SAMPLING; INVALID_LOGITS when no logit is a number
 */
export function candidates(
  logits: ArrayLike<number>,
  previous: Iterable<number> = [],
  options: SamplingOptions = {},
): Candidate[] {
  checkSampling(options);
  const { temperature = 1, topK = Infinity, topP = 1, repetitionPenalty = 1 } = options;
  const penalised = penalise(logits, previous, repetitionPenalty);
  const best = argmax(penalised);
  const highest = penalised[best] ?? Number.NaN;
  if (!Number.isFinite(highest) || penalised.some(Number.isNaN))
    throw new GptError(
      "INVALID_LOGITS",
      "expected logits with a largest number, got none or NaN: are the weights sound?",
    );
  if (temperature === 0) return [{ id: best, probability: 1 }];
  const weights = penalised.map((logit) => Math.exp((logit - highest) / temperature));
  const kept = keepNucleus(keepLargest(weights, topK), topP);
  const total = sumOf(kept);
  return kept.map(({ id, weight }) => ({ id, probability: weight / total }));
}

/**
 * Draws one token.
 * @param random - uniform in [0, 1), called once; not at temperature 0
 * @returns its id
 */
export function sampleToken(
  logits: ArrayLike<number>,
  random: Random,
  previous: Iterable<number> = [],
  options: SamplingOptions = {},
): number {
  const possible = candidates(logits, previous, options);
  if (possible.length === 1) return possible[0]!.id;
  let left = random();
  for (const { id, probability } of possible) {
    left -= probability;
    if (left < 0) return id;
  }
  // Probabilities add up to 1 only to rounding.
  return possible.at(-1)!.id;
}

interface Weighted {
  readonly id: number;
  readonly weight: number;
}

/** Positive logits are divided by the penalty and negative ones multiplied, so both go down. */
function penalise(logits: ArrayLike<number>, previous: Iterable<number>, penalty: number): Float64Array {
  const result = Float64Array.from(logits);
  if (penalty === 1) return result;
  for (const id of new Set(previous)) {
    const logit = result[id];
    if (logit !== undefined) result[id] = logit > 0 ? logit / penalty : logit * penalty;
  }
  return result;
}

function sumOf(tokens: readonly Weighted[]): number {
  return tokens.reduce((sum, { weight }) => sum + weight, 0);
}

/** The topK largest weights, with all that equal the last of them. */
function keepLargest(weights: Float64Array, topK: number): Weighted[] {
  const least = topK < weights.length ? (Float64Array.from(weights).sort()[weights.length - topK] ?? 0) : 0;
  const kept: Weighted[] = [];
  weights.forEach((weight, id) => {
    if (weight > 0 && weight >= least) kept.push({ id, weight });
  });
  return kept;
}

/** The largest weights that together are at least topP of all. */
function keepNucleus(tokens: Weighted[], topP: number): Weighted[] {
  if (topP === 1) return tokens;
  const total = sumOf(tokens);
  // Sorting a whole vocabulary takes as long as a small model's step. Tokens that weigh less than this come to less than
  // 1 - topP of the whole together, so the others are at least topP of it.
  const least = ((1 - topP) * total) / tokens.length;
  const sorted = tokens
    .filter(({ weight }) => weight >= least)
    .sort((a, b) => b.weight - a.weight || a.id - b.id);
  let mass = 0;
  let count = 0;
  while (count < sorted.length && mass < topP * total) mass += sorted[count++]!.weight;
  return sorted.slice(0, count);
}

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
  const { ids, weights, total } = weigh(logits, previous, options);
  return Array.from(ids, (id) => ({ id, probability: weights[id]! / total }));
}

/**
 * Draws one token.
 * @param random - uniform in [0, 1), called once; not where only one token may come
 * @returns its id
 */
export function sampleToken(
  logits: ArrayLike<number>,
  random: Random,
  previous: Iterable<number> = [],
  options: SamplingOptions = {},
): number {
  const { ids, weights, total } = weigh(logits, previous, options);
  if (ids.length === 1) return ids[0]!;
  let left = random() * total;
  for (const id of ids) {
    left -= weights[id]!;
    if (left < 0) return id;
  }
  // The weights add up to the total only to rounding.
  return ids.at(-1)!;
}

/** Weights of all tokens, proportional to their probability; `ids` are those that may come, and `total` their sum. */
interface Weighed {
  readonly ids: Int32Array;
  readonly weights: Float64Array;
  readonly total: number;
}

function weigh(logits: ArrayLike<number>, previous: Iterable<number>, options: SamplingOptions): Weighed {
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
  // Relative to the highest, so that nothing overflows; at temperature 0 all others vanish.
  const weights = penalised.map((logit, id) =>
    temperature === 0 ? Number(id === best) : Math.exp((logit - highest) / temperature),
  );
  const ids = keepNucleus(keepLargest(weights, topK), weights, topP);
  return { ids, weights, total: sumOf(ids, weights) };
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

function sumOf(ids: Int32Array, weights: Float64Array): number {
  let sum = 0;
  for (const id of ids) sum += weights[id]!;
  return sum;
}

/** Ids of the topK largest weights, with all that equal the last of them; never of weight 0. */
function keepLargest(weights: Float64Array, topK: number): Int32Array {
  const least = topK < weights.length ? kthLargest(weights, topK) : 0;
  const ids = new Int32Array(weights.length);
  let count = 0;
  for (let id = 0; id < weights.length; id++)
    if (weights[id]! > 0 && weights[id]! >= least) ids[count++] = id;
  return ids.subarray(0, count);
}

/** Ids of the largest weights that together are at least topP of all. */
function keepNucleus(ids: Int32Array, weights: Float64Array, topP: number): Int32Array {
  if (topP === 1) return ids;
  const total = sumOf(ids, weights);
  // Sorting a whole vocabulary takes as long as a small model's step. Tokens that weigh less than this come to less than
  // 1 - topP of the whole together, so the others are at least topP of it.
  const least = ((1 - topP) * total) / ids.length;
  const sorted = ids.filter((id) => weights[id]! >= least).sort((a, b) => weights[b]! - weights[a]! || a - b);
  let mass = 0;
  let count = 0;
  while (count < sorted.length && mass < topP * total) mass += weights[sorted[count++]!]!;
  return sorted.subarray(0, count);
}

/** The k-th largest value, k from 1, in linear time on average (Hoare 1961, "Find"). */
function kthLargest(values: Float64Array, k: number): number {
  const rest = Float64Array.from(values);
  let low = 0;
  let high = rest.length - 1;
  const wanted = k - 1;
  while (low < high) {
    const pivot = rest[(low + high) >> 1]!;
    let i = low;
    let j = high;
    while (i <= j) {
      while (rest[i]! > pivot) i++;
      while (rest[j]! < pivot) j--;
      if (i <= j) {
        [rest[i], rest[j]] = [rest[j]!, rest[i]!];
        i++;
        j--;
      }
    }
    if (wanted <= j) high = j;
    else if (wanted >= i) low = i;
    else break;
  }
  return rest[wanted]!;
}

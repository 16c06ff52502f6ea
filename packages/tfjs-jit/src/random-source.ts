import type { TensorLike } from "./tensor-like.js";

/**
 * Seeded randomness for functions that are recorded. `tf.dropout` draws its numbers in JavaScript while the function is
 * recorded, so one mask would be frozen into the program; `dropout` here becomes an input that is drawn anew at each run,
 * and the same seed gives the same masks eagerly and compiled.
 */
export interface RandomSource {
  /** Inverted dropout: keeps each element with probability 1 - rate and scales it by 1 / (1 - rate). Rate 0 returns `x`. */
  dropout<T extends TensorLike>(x: T, rate: number): T;
  /** Everything needed to go on exactly from here: JSON-safe. */
  getState(): RandomState;
  setState(state: RandomState): void;
}

/** State of xoshiro128**: four 32-bit words. */
export type RandomState = readonly [number, number, number, number];

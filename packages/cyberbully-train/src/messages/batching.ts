/**
 * Which messages are trained on together, and in which order: shuffled by the seed, then sorted by length within pools of
 * some batches so that little padding is computed. A pure function of lengths, seed and epoch, so a resumed run needs
 * only the number of the epoch and of the batch.
 */
import { createRandom, type Random, seedFor } from "@btp/core-gpt";

/** Batches whose messages are sorted by length together. More saves padding; fewer leaves more chance in the mixture. */
const batchesPerPool = 32;

export interface EpochPlan {
  readonly batchSize: number;
  readonly seed: number;
  /** Counted from 0. */
  readonly epoch: number;
}

/**
 * @param lengths - tokens of each message
 * @returns batches of positions in `lengths`; every position occurs exactly once, and all batches but one are full
 */
export function planEpoch(lengths: ArrayLike<number>, { batchSize, seed, epoch }: EpochPlan): number[][] {
  const random = createRandom(seedFor(seed, `order of epoch ${epoch}`));
  const order = Array.from({ length: lengths.length }, (_, i) => i);
  shuffle(order, random);
  const batches: number[][] = [];
  const poolSize = batchSize * batchesPerPool;
  for (let start = 0; start < order.length; start += poolSize) {
    // Array.sort is stable, so messages of one length stay in shuffled order.
    const pool = order.slice(start, start + poolSize).sort((a, b) => lengths[a]! - lengths[b]!);
    for (let at = 0; at < pool.length; at += batchSize) batches.push(pool.slice(at, at + batchSize));
  }
  shuffle(batches, random);
  return batches;
}

/** Fisher and Yates, in place. @returns the same array */
export function shuffle<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}

/** Cuts one batch into at most `parts` micro-batches of nearly equal size; neighbours in length stay together. */
export function splitBatch(batch: readonly number[], parts: number): number[][] {
  const count = Math.min(parts, batch.length);
  return Array.from({ length: count }, (_, i) =>
    batch.slice(Math.floor((i * batch.length) / count), Math.floor(((i + 1) * batch.length) / count)),
  );
}

/**
 * Batches for a pass in which nothing is learned: shortest first, each of at most `maxTokens` tokens with its padding
 * (one message alone may exceed that).
 */
export function planByLength(lengths: ArrayLike<number>, maxTokens: number): number[][] {
  const order = Array.from({ length: lengths.length }, (_, i) => i).sort((a, b) => lengths[a]! - lengths[b]!);
  const batches: number[][] = [];
  let current: number[] = [];
  for (const i of order) {
    const padded = Math.max(1, lengths[i]!) * (current.length + 1);
    if (current.length > 0 && padded > maxTokens) {
      batches.push(current);
      current = [];
    }
    current.push(i);
  }
  if (current.length > 0) batches.push(current);
  return batches;
}

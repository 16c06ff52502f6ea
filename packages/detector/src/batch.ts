/**
 * Which messages are computed together: neighbours in length, so that little padding is computed, and few enough that
 * memory stays bounded whatever the list's length. Pure planning: lengths in, positions out.
 */

/** What one place of padding costs, in tokens, in a batch whose longest message has so many. */
export type PaddingCost = (longest: number) => number;

/** Padding is computed like any token. */
export const paddedThrough: PaddingCost = () => 1;

/**
 * Padding stands in attention alone (core-gpt's `skipPadding`): it is copied, and scored against the whole of its row.
 * Measured with the 124M shape on two AVX2 cores: 0.04 tokens at 60, 0.08 at 120, 0.11 at 200; twice that here, since
 * processors with larger units for matrices copy no faster.
 */
export const paddedInAttention: PaddingCost = (longest) => 0.05 + longest / 1200;

export interface BatchLimits {
  /** Rows times the longest row of a batch, padding included, stays at or under this (one row alone may exceed it). */
  readonly maxTokens: number;
  readonly maxRows: number;
}

/**
 * 2,048 tokens keep a 128-wide and a 768-wide model at full speed (both are flat from about 768 tokens on) and the
 * largest activation, [tokens, 4 * 768] float32, at 25 MB.
 */
export const defaultBatchLimits: BatchLimits = { maxTokens: 2048, maxRows: 256 };

/** For int8, whose weights are a quarter: nearly as fast, and a server with the 124M shape keeps 30 MB less. */
export const int8BatchLimits: BatchLimits = { maxTokens: 512, maxRows: 256 };

/**
 * What starting one more batch costs, in tokens computed meanwhile: 0.1 to 0.3 ms for a 128-wide model, 2 ms for a
 * 768-wide one, both about 32 tokens of their speed.
 */
const batchOverheadTokens = 32;

/**
 * The cheapest way to cut the messages, sorted by length, into batches: tokens, padding at its cost and an overhead for
 * each batch, found by dynamic programming over the cuts. A few messages of mixed lengths, as a server gets
 * them, are computed in up to half the time of one padded batch; a long list is full batches of near equals either way.
 * @param lengths - tokens of each message
 * @param paddingCost - `paddedInAttention` for networks from 256 wide on, as `loadDetector` runs them
 * @returns batches of positions in `lengths`, shortest first; every position occurs exactly once
 */
export function planBatches(
  lengths: readonly number[],
  limits: BatchLimits = defaultBatchLimits,
  paddingCost: PaddingCost = paddedThrough,
): number[][] {
  const order = lengths.map((_, position) => position);
  order.sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b);
  // Of the first n in `order`: the lowest cost, and where the last batch of that plan begins.
  const cost = new Float64Array(order.length + 1);
  const begin = new Int32Array(order.length + 1);
  for (let end = 1; end <= order.length; end++) {
    // Sorted upwards, so the newest row is the longest of its batch.
    const longest = Math.max(1, lengths[order[end - 1]!] ?? 0);
    const maxRows = Math.max(1, Math.min(limits.maxRows, end, Math.floor(limits.maxTokens / longest)));
    const eachPadding = paddingCost(longest);
    let tokens = 0;
    cost[end] = Number.POSITIVE_INFINITY;
    for (let rows = 1; rows <= maxRows; rows++) {
      tokens += lengths[order[end - rows]!]!;
      const padding = (rows * longest - tokens) * eachPadding;
      const total = cost[end - rows]! + tokens + padding + batchOverheadTokens;
      if (total >= cost[end]!) continue;
      cost[end] = total;
      begin[end] = end - rows;
    }
  }
  const batches: number[][] = [];
  for (let end = order.length; end > 0; end = begin[end]!) batches.push(order.slice(begin[end], end));
  return batches.reverse();
}

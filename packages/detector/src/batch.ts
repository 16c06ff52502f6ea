/**
 * Which messages are computed together: neighbours in length, so that little padding is computed, and few enough that
 * memory stays bounded whatever the list's length. Pure planning: lengths in, positions out.
 */

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

/**
 * @param lengths - tokens of each message
 * @returns batches of positions in `lengths`, shortest first; every position occurs exactly once
 */
export function planBatches(
  lengths: readonly number[],
  limits: BatchLimits = defaultBatchLimits,
): number[][] {
  const order = lengths.map((_, position) => position);
  order.sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b);
  const batches: number[][] = [];
  let current: number[] = [];
  for (const position of order) {
    // Sorted upwards, so the newest row is the longest of its batch.
    const padded = Math.max(1, lengths[position] ?? 0) * (current.length + 1);
    if (current.length > 0 && (padded > limits.maxTokens || current.length >= limits.maxRows)) {
      batches.push(current);
      current = [];
    }
    current.push(position);
  }
  if (current.length > 0) batches.push(current);
  return batches;
}

/**
 * Seeded random numbers for splits, resampling and the synthetic sample. Its own small generator, so that committed
 * CSV files and reported intervals stay the same whatever happens to the model's. Not for secrets.
 */

/** Uniform in [0, 1). */
export type Random = () => number;

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state, passes gjrand; the same on every machine. */
export function createDataRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Fisher-Yates, in place. @returns the same array */
export function shuffle<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const swapped = items[i]!;
    items[i] = items[j]!;
    items[j] = swapped;
  }
  return items;
}

/** @param items - not empty */
export function pick<T>(items: readonly T[], random: Random): T {
  const index = Math.floor(random() * items.length);
  return items[index]!;
}

/**
 * Near repeats: messages that share most of their word 5-grams, as quotes, retweets with a comment and edited copies do.
 * Work is linear in the number of words: each 5-gram remembers the first few messages that hold it, and each message is
 * compared with those only.
 */
import { comparableWords } from "./normalise.js";

const GRAM_WORDS = 5;
/** A 5-gram in more messages than this links new ones to the first of them. */
const MAX_HOLDERS = 24;
/** Of a longer message only the first 5-grams count, which bounds hostile input. */
const MAX_GRAMS = 2_000;

/** Hashes of the distinct word 5-grams of a message; none below five words. */
export function wordGrams(text: string): readonly number[] {
  const words = comparableWords(text);
  const grams = new Set<number>();
  for (let i = 0; i + GRAM_WORDS <= words.length && grams.size < MAX_GRAMS; i++)
    grams.add(hash53(words.slice(i, i + GRAM_WORDS).join(" ")));
  return [...grams];
}

/** True where more than half of the smaller set is shared, and more than one chance 5-gram. */
export function isNearRepeat(shared: number, gramsA: number, gramsB: number): boolean {
  return shared >= 2 && shared > Math.min(gramsA, gramsB) / 2;
}

export class GramIndex {
  /** Most 5-grams occur once, hence the bare number. */
  private readonly holders = new Map<number, number | number[]>();
  private readonly sizes = new Map<number, number>();

  add(id: number, grams: readonly number[]): void {
    this.sizes.set(id, grams.length);
    for (const gram of grams) {
      const held = this.holders.get(gram);
      if (held === undefined) this.holders.set(gram, id);
      else if (typeof held === "number") this.holders.set(gram, [held, id]);
      else if (held.length < MAX_HOLDERS) held.push(id);
    }
  }

  /** @returns ids of added messages that the given one nearly repeats, the closest first */
  nearRepeatsOf(grams: readonly number[]): number[] {
    const shared = new Map<number, number>();
    for (const gram of grams) {
      const held = this.holders.get(gram);
      if (held === undefined) continue;
      for (const id of typeof held === "number" ? [held] : held) shared.set(id, (shared.get(id) ?? 0) + 1);
    }
    return [...shared]
      .filter(([id, count]) => isNearRepeat(count, grams.length, this.sizes.get(id)!))
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .map(([id]) => id);
  }
}

/** 53 bits from two 32-bit multiplicative hashes, so that collisions are rare even among 10 million 5-grams. */
function hash53(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x9e3779b1);
    b = Math.imul(b ^ code, 0x5f356495);
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return 0x1_0000_0000 * (b & 0x1fffff) + (a >>> 0);
}

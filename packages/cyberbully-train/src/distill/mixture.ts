/**
 * The texts of a phase, and which of them are learned from together. Pure functions of the sources' lengths, the recipe
 * and the seed, so a resumed run needs only the numbers of phase, epoch and batch.
 */
import { createRandom, seedFor } from "@btp/core-gpt";
import { shuffle } from "../messages/batching.js";
import type { EncodedMessages } from "../messages/encoded-messages.js";
import { messageCount } from "../messages/encoded-messages.js";
import type { Phase, Portion } from "./recipe.js";
import type { LoadedSource } from "./sources.js";

/** One source in memory, with its token ids. */
export interface EncodedSource {
  readonly source: LoadedSource;
  readonly messages: EncodedMessages;
}

/** All texts of a phase in one numbering. */
export interface Mixture {
  readonly portions: readonly (EncodedSource & { readonly portion: Portion })[];
  /** Portion of each text. */
  readonly portionOf: Uint8Array;
  /** Row of each text within its source. */
  readonly rowOf: Int32Array;
  /** Tokens of each text. */
  readonly lengths: Int32Array;
}

export function mixTexts(phase: Phase, sources: ReadonlyMap<string, EncodedSource>): Mixture {
  const portions = phase.mixture.map((portion) => ({ ...sources.get(portion.source)!, portion }));
  const total = portions.reduce((sum, { messages }) => sum + messageCount(messages), 0);
  const mixture = {
    portions,
    portionOf: new Uint8Array(total),
    rowOf: new Int32Array(total),
    lengths: new Int32Array(total),
  };
  let text = 0;
  portions.forEach(({ messages: { offsets } }, p) => {
    for (let row = 0; row < offsets.length - 1; row++, text++) {
      mixture.portionOf[text] = p;
      mixture.rowOf[text] = row;
      mixture.lengths[text] = offsets[row + 1]! - offsets[row]!;
    }
  });
  return mixture;
}

/** Texts that are sorted by length together: more saves padding, fewer leaves more chance in the mixture. */
const textsPerPool = 4096;

export interface EpochOrder {
  readonly tokensPerBatch: number;
  readonly seed: number;
  /** Phase and epoch, counted from 0. */
  readonly phase: number;
  readonly epoch: number;
}

/**
 * A text whose source is repeated 2.4 times comes two times and, with probability 0.4, once more.
 * @returns batches of texts, each of at most `tokensPerBatch` tokens with its padding (one text alone may exceed that)
 */
export function planMixedEpoch(
  { portions, portionOf, lengths }: Mixture,
  { tokensPerBatch, seed, phase, epoch }: EpochOrder,
): number[][] {
  const random = createRandom(seedFor(seed, `order of phase ${phase} epoch ${epoch}`));
  const order: number[] = [];
  for (let text = 0; text < lengths.length; text++) {
    const { repeat } = portions[portionOf[text]!]!.portion;
    const times = Math.floor(repeat) + (random() < repeat % 1 ? 1 : 0);
    for (let k = 0; k < times; k++) order.push(text);
  }
  shuffle(order, random);
  const batches: number[][] = [];
  for (let start = 0; start < order.length; start += textsPerPool) {
    const pool = order.slice(start, start + textsPerPool).sort((a, b) => lengths[a]! - lengths[b]!);
    batches.push(...cutByTokens(pool, lengths, tokensPerBatch));
  }
  return shuffle(batches, random);
}

/** @param sorted - by length, upwards */
function cutByTokens(sorted: readonly number[], lengths: Int32Array, tokensPerBatch: number): number[][] {
  const batches: number[][] = [];
  let current: number[] = [];
  for (const text of sorted) {
    const padded = Math.max(1, lengths[text]!) * (current.length + 1);
    if (current.length > 0 && padded > tokensPerBatch) {
      batches.push(current);
      current = [];
    }
    current.push(text);
  }
  if (current.length > 0) batches.push(current);
  return batches;
}

/** Messages as token ids, packed into two arrays: what batches are cut from. The texts themselves are not kept. */
export interface EncodedMessages {
  /** Token ids of all messages, one after the other, each already cut to the longest that is read. */
  readonly ids: Int32Array;
  /** Message i is `ids[offsets[i] .. offsets[i + 1])`; may be empty. */
  readonly offsets: Int32Array;
  /** Probability of cyberbullying that training aims at: 0 or 1, or between where it was learned from another model. */
  readonly targets: Float32Array;
  /** Messages that had more tokens than are read. */
  readonly truncated: number;
}

/** Text to token ids, cut at `maxTokens`. `total` counts all tokens of the message. */
export type Encode = (
  text: string,
  maxTokens: number,
) => { readonly ids: ArrayLike<number>; readonly total: number };

export function encodeMessages(
  examples: readonly { readonly text: string; readonly label: number }[],
  encode: Encode,
  maxTokens: number,
): EncodedMessages {
  const parts: ArrayLike<number>[] = [];
  const offsets = new Int32Array(examples.length + 1);
  let truncated = 0;
  examples.forEach(({ text }, i) => {
    const { ids, total } = encode(text, maxTokens);
    if (total > ids.length) truncated++;
    parts.push(ids);
    offsets[i + 1] = offsets[i]! + ids.length;
  });
  const ids = new Int32Array(offsets[examples.length]!);
  parts.forEach((part, i) => {
    ids.set(part, offsets[i]!);
  });
  return { ids, offsets, targets: Float32Array.from(examples, ({ label }) => label), truncated };
}

export const messageCount = (messages: EncodedMessages): number => messages.offsets.length - 1;

/** Tokens of each message. */
export function messageLengths({ offsets }: EncodedMessages): Int32Array {
  return Int32Array.from({ length: offsets.length - 1 }, (_, i) => offsets[i + 1]! - offsets[i]!);
}

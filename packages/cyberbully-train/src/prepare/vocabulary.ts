/** Which token ids a model knows: all of GPT-2's, or those that its training messages use often enough. */
import {
  type Gpt2Tokenizer,
  normaliseText,
  restrictVocabulary,
  singleByteIds,
  type Tokenizer,
  withNormalisation,
} from "@btp/core-gpt";
import type { Example } from "../data/example.js";
import type { Encode } from "../messages/encoded-messages.js";

export interface Vocabulary {
  /** V: rows of the token embedding. */
  readonly size: number;
  readonly encode: Encode;
  /** For a restricted vocabulary: GPT-2's ids that have a row of their own, ascending. */
  readonly keptTokenIds: Int32Array | undefined;
  /** Takes the place of dropped tokens: the byte 0xFF, which no UTF-8 text holds. */
  readonly maskId: number;
}

/** @param normalise - read every text normalised */
export function wholeVocabulary(tokenizer: Gpt2Tokenizer, normalise = false): Vocabulary {
  return {
    size: tokenizer.vocabSize,
    encode: encodeWith(tokenizer, normalise),
    keptTokenIds: undefined,
    maskId: maskTokenId(tokenizer),
  };
}

/**
 * Tokens seen less often are spelled with smaller ones, in the end with single bytes, so no text is lost.
 * @param minCount - times that an id has to occur in the examples to be kept, at least 1
 */
export function restrictedVocabulary(
  tokenizer: Gpt2Tokenizer,
  examples: Iterable<Pick<Example, "text">>,
  minCount: number,
  normalise = false,
): Vocabulary {
  const counts = new Int32Array(tokenizer.vocabSize);
  for (const { text } of examples) {
    const read = normalise ? normaliseText(text) : text;
    for (const id of tokenizer.encode(read).ids) counts[id]!++;
  }
  const bytes = new Set(singleByteIds(tokenizer));
  const kept = Int32Array.from(counts.keys()).filter((id) => counts[id]! >= minCount || bytes.has(id));
  return keptVocabulary(tokenizer, kept, normalise);
}

/**
 * @param kept - GPT-2's ids that have a row of their own, ascending
 * @throws {GptError} INVALID_VOCABULARY
 */
export function keptVocabulary(tokenizer: Gpt2Tokenizer, kept: Int32Array, normalise = false): Vocabulary {
  const restricted = restrictVocabulary(tokenizer, kept);
  return {
    size: restricted.vocabSize,
    encode: encodeWith(restricted, normalise),
    keptTokenIds: kept,
    maskId: kept.indexOf(maskTokenId(tokenizer)),
  };
}

function encodeWith(tokenizer: Tokenizer, normalise: boolean): Encode {
  const reading = normalise ? withNormalisation(tokenizer) : tokenizer;
  return (text, maxTokens) => {
    const { ids, totalTokens } = reading.encode(text, { maxTokens });
    return { ids, total: totalTokens };
  };
}

const maskTokenId = (tokenizer: Gpt2Tokenizer): number => tokenizer.merges.byteTokens[0xff]!;

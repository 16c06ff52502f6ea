/**
 * A smaller vocabulary cut out of GPT-2's, for small models trained from scratch: most of the 50,257 tokens never occur in
 * short messages, and each costs a row of the embedding. No text is lost: a token that is not kept is undone into the two
 * it was joined from, those in turn where they are not kept either, down to single bytes, which are always kept.
 */
import { GptError } from "../errors.js";
import { type Encoding, IdCollector } from "./id-collector.js";
import type { EncodeOptions, Gpt2Tokenizer, Tokenizer } from "./tokenizer.js";

/**
 * @param tokenizer - GPT-2's
 * @param keptIds - ids of GPT-2's vocabulary, ascending; all 256 single bytes among them. The new id of a token is its
 *   place in this list, so the list is part of a model.
 * @returns a tokenizer with ids from 0 to keptIds.length - 1; `maxTokens` and `totalTokens` count its own tokens
 * @throws {GptError} INVALID_VOCABULARY when the list is not ascending, names an unknown id or lacks a byte
 */
export function restrictVocabulary(tokenizer: Gpt2Tokenizer, keptIds: ArrayLike<number>): Tokenizer {
  checkKept(tokenizer, keptIds);
  const kept = Int32Array.from(keptIds);
  // What each of GPT-2's tokens becomes; filled in as they are met.
  const parts: (readonly number[] | undefined)[] = new Array(tokenizer.vocabSize);
  kept.forEach((id, index) => {
    parts[id] = [index];
  });
  const partsOf = (id: number): readonly number[] => {
    const { left, right } = tokenizer.merges;
    parts[id] ??= [...partsOf(left[id]!), ...partsOf(right[id]!)];
    return parts[id];
  };
  const originalId = (id: number): number => {
    const original = kept[id];
    if (original === undefined)
      throw new GptError("UNKNOWN_TOKEN", `expected a token id from 0 to ${kept.length - 1}, got ${id}`);
    return original;
  };
  return {
    vocabSize: kept.length,
    encode(text: string, { maxTokens }: EncodeOptions = {}): Encoding {
      const collected = new IdCollector(maxTokens);
      for (const id of tokenizer.encode(text).ids) collected.add(partsOf(id));
      return collected.finish();
    },
    decode: (ids) => tokenizer.decode(Array.from(ids, originalId)),
    tokenBytes: (id) => tokenizer.tokenBytes(originalId(id)),
  };
}

function checkKept(tokenizer: Gpt2Tokenizer, keptIds: ArrayLike<number>): void {
  const kept = new Set<number>();
  let previous = -1;
  for (const id of Array.from(keptIds)) {
    if (!Number.isInteger(id) || id <= previous || id >= tokenizer.vocabSize)
      throw new GptError(
        "INVALID_VOCABULARY",
        `kept ids must ascend from 0 to ${tokenizer.vocabSize - 1}; ${id} follows ${previous}`,
      );
    kept.add(id);
    previous = id;
  }
  const missing = Array.from(tokenizer.merges.byteTokens).filter((id) => !kept.has(id));
  if (missing.length > 0)
    throw new GptError(
      "INVALID_VOCABULARY",
      `kept ids must hold all 256 single bytes; ${missing.length} are missing, id ${missing[0]} first`,
    );
}

/** The ids of the 256 single bytes, ascending: what every restricted vocabulary must keep. */
export function singleByteIds(tokenizer: Gpt2Tokenizer): number[] {
  return Array.from(tokenizer.merges.byteTokens).sort((a, b) => a - b);
}

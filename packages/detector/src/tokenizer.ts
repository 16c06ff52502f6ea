/** The tokenizer that a detector was trained with. Runs in a browser too. */
import {
  createTokenizer,
  type Gpt2Tokenizer,
  GptError,
  restrictVocabulary,
  type Tokenizer,
  withNormalisation,
} from "@btp/core-gpt/tokenizer";
import { DetectorError } from "./errors.js";

export interface TokenizerDescription {
  /** GPT-2's ids that have an embedding, ascending; absent: all. */
  readonly keptTokenIds?: ArrayLike<number>;
  /** Whether texts are normalised first. */
  readonly normalise?: boolean;
  /** Rows of the embedding. */
  readonly vocabSize: number;
}

/** @throws {DetectorError} WEIGHTS_INVALID where vocabulary and embeddings do not fit each other */
export async function tokenizerOf({
  keptTokenIds,
  normalise,
  vocabSize,
}: TokenizerDescription): Promise<Tokenizer> {
  const whole = await createTokenizer();
  const tokenizer = keptTokenIds ? restrict(whole, keptTokenIds) : whole;
  if (tokenizer.vocabSize !== vocabSize) {
    throw new DetectorError(
      "WEIGHTS_INVALID",
      `Expected embeddings for the tokenizer's ${tokenizer.vocabSize} tokens, got ${vocabSize}. config.json and model.safetensors are of different programs.`,
    );
  }
  return normalise ? withNormalisation(tokenizer) : tokenizer;
}

function restrict(whole: Gpt2Tokenizer, keptTokenIds: ArrayLike<number>): Tokenizer {
  try {
    return restrictVocabulary(whole, keptTokenIds);
  } catch (error) {
    if (!(error instanceof GptError)) throw error;
    throw new DetectorError("WEIGHTS_INVALID", `The list of kept tokens is wrong: ${error.message}.`, {
      cause: error,
    });
  }
}

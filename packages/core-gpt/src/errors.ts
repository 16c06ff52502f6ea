/** Everything that core-gpt refuses, as one class with a code. No message holds text of users. */

export type GptErrorCode =
  /** A GptConfig that no GPT can have. */
  | "INVALID_CONFIG"
  /** A tensor whose rank or size does not fit the others. */
  | "SHAPE_MISMATCH"
  /** A token id that the tokenizer does not have. */
  | "UNKNOWN_TOKEN"
  /** A number of tokens that is none. */
  | "INVALID_LIMIT"
  /** A list of kept tokens that cannot make a vocabulary. */
  | "INVALID_VOCABULARY"
  /** Sampling options out of range. */
  | "INVALID_SAMPLING"
  /** Logits that no token can be drawn from. */
  | "INVALID_LOGITS"
  /** A prompt that leaves nothing to generate from or no room to generate into. */
  | "INVALID_PROMPT";

export class GptError extends Error {
  override readonly name = "GptError";
  readonly code: GptErrorCode;

  /** @param message - what was expected, what came, what to do */
  constructor(code: GptErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

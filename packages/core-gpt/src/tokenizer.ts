// The tokenizer without the model: no TensorFlow.js behind it, so that a browser loads text handling only.
export { GptError, type GptErrorCode } from "./errors.js";
export { type ExplainedPiece, type ExplainedStep, explain } from "./tokenizer/explain.js";
export type { Encoding } from "./tokenizer/id-collector.js";
export { normaliseText, textNormalisation, withNormalisation } from "./tokenizer/normalise-text.js";
export { restrictVocabulary, singleByteIds } from "./tokenizer/restricted.js";
export { createTokenizer, type EncodeOptions, Gpt2Tokenizer, type Tokenizer } from "./tokenizer/tokenizer.js";

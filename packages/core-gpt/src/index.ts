export { checkConfig, type GptConfig, type GptConfigName, gptConfigs, maxBigramBuckets } from "./config.js";
export { GptError, type GptErrorCode } from "./errors.js";
export { type CachedStepResult, cachedStep, type KeysAndValues } from "./generation/cached-step.js";
export {
  type FinishReason,
  type GenerateOptions,
  type GenerateTextOptions,
  generateIds,
  generateText,
  type TextPart,
} from "./generation/generate.js";
export { KeyValueCache } from "./generation/key-value-cache.js";
export {
  argmax,
  type Candidate,
  candidates,
  checkSampling,
  type SamplingOptions,
  sampleToken,
} from "./generation/sampling.js";
export { StopFilter } from "./generation/stop-filter.js";
export { createTextReader, type RunCachedStep, type TextReader } from "./generation/text-reader.js";
export { bigramLogits } from "./heads/bigrams.js";
export { type ClassifierTop, classifierLogits, classifierLogitsFrom, meanPool } from "./heads/classifier.js";
export { languageModelLogits, tiedLogits } from "./heads/language-model.js";
export type { HostTensor } from "./host-tensor.js";
export { initialise, initialiseClassifier, initialiseParameter } from "./initialise.js";
export { attention, causalMask } from "./layers/attention.js";
export { block } from "./layers/block.js";
export { type Dropout, noDropout } from "./layers/dropout.js";
export { embedding } from "./layers/embedding.js";
export { gelu } from "./layers/gelu.js";
export { layerNorm } from "./layers/layer-norm.js";
export { type AdaptedLinearParams, type LowRankAdapter, linear } from "./layers/linear.js";
export { mlp } from "./layers/mlp.js";
export {
  keepPadding,
  layOutPadding,
  type Padding,
  type PaddingLayout,
  skipPadding,
} from "./layers/padding.js";
export { embed, hiddenStates, runBlocks } from "./model.js";
export {
  buildClassifierParams,
  buildParams,
  classifierParameterTable,
  type Initialiser,
  type ParameterEntry,
  parameterTable,
} from "./parameter-table.js";
export {
  type BlockParams,
  type ClassifierParams,
  flattenParams,
  type GptParams,
  type LayerNormParams,
  type LinearParams,
  mapParams,
} from "./params.js";
export { createRandom, type Random, seedFor } from "./random.js";
export { type ExplainedPiece, type ExplainedStep, explain } from "./tokenizer/explain.js";
export type { Encoding } from "./tokenizer/id-collector.js";
export { normaliseText, textNormalisation, withNormalisation } from "./tokenizer/normalise-text.js";
export { restrictVocabulary, singleByteIds } from "./tokenizer/restricted.js";
export { createTokenizer, type EncodeOptions, Gpt2Tokenizer, type Tokenizer } from "./tokenizer/tokenizer.js";

export { type CheckpointFile, openCheckpoint } from "./checkpoint/read.js";
export { WeightsError, type WeightsErrorCode } from "./errors.js";
export {
  decodeBfloat16,
  decodeBinary16,
  encodeBfloat16,
  encodeBinary16,
} from "./half-float.js";
export {
  formatInspection,
  type InspectedTensor,
  type Inspection,
  inspectWeights,
  type Verification,
  type VerifyOptions,
  verifyWeights,
} from "./inspect.js";
export { parseConfig, readConfig } from "./mapping/config.js";
export {
  digestParams,
  digestReader,
  type FloatTensor,
  type Gpt2Reader,
  type LoadedGpt2,
  type LoadOptions,
  loadGpt2,
  type OpenOptions,
  openGpt2,
} from "./mapping/load.js";
export { type ParameterName, parameterNames } from "./mapping/name-map.js";
export { type LocatedWeights, locateWeights, openWeights } from "./mapping/open.js";
export { openSafetensors, parseSafetensors, type SafetensorsFile } from "./safetensors/read.js";
export { openShardedSafetensors } from "./safetensors/shards.js";
export {
  encodeSafetensors,
  type SafetensorsEntry,
  type WriteOptions,
  writeSafetensors,
} from "./safetensors/write.js";
export {
  type FetchEvent,
  type FetchedWeights,
  type FetchWeightsOptions,
  fetchWeights,
  resolveBase,
} from "./source/fetch-weights.js";
export { findModel, MODEL_NAMES, type ModelName, type PinnedModel } from "./source/manifest.js";
export { formatBytes, type TransferProgress } from "./source/progress.js";
export { type SourceOptions, sourceSettings } from "./source/settings.js";
export type { HostTensor, TensorFile, TensorInfo } from "./tensor.js";

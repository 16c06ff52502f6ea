export { type CheckpointFile, openCheckpoint } from "./checkpoint/read.js";
export { WeightsError, type WeightsErrorCode } from "./errors.js";
export { parseConfig, readConfig } from "./mapping/config.js";
export {
  digestParams,
  type FloatTensor,
  type LoadedGpt2,
  type LoadOptions,
  loadGpt2,
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
export type { HostTensor, TensorFile, TensorInfo } from "./tensor.js";

export { type CheckpointFile, openCheckpoint } from "./checkpoint/read.js";
export { WeightsError, type WeightsErrorCode } from "./errors.js";
export { openSafetensors, parseSafetensors, type SafetensorsFile } from "./safetensors/read.js";
export { openShardedSafetensors } from "./safetensors/shards.js";
export {
  encodeSafetensors,
  type SafetensorsEntry,
  type WriteOptions,
  writeSafetensors,
} from "./safetensors/write.js";
export type { HostTensor, TensorFile, TensorInfo } from "./tensor.js";

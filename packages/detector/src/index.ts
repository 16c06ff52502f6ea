export {
  type BaseReference,
  type DetectorConfig,
  detectorLabels,
  formatName,
  formatVersion,
  type StoredPrecision,
} from "./artifact/config.js";
export type { BaseResolver } from "./artifact/delta.js";
export {
  type DetectorArtifact,
  type ReadOptions,
  readArtifact,
  type StoredArtifact,
} from "./artifact/read.js";
export { type WriteArtifactOptions, writeArtifact } from "./artifact/write.js";
export { findBaseOffline } from "./base.js";
export {
  type BatchLimits,
  defaultBatchLimits,
  type PaddingCost,
  paddedInAttention,
  paddedThrough,
  planBatches,
} from "./batch.js";
export { checkThreshold, type Decision, decide, scoreOf } from "./decide.js";
export type {
  Detection,
  DetectOptions,
  Detector,
  DetectorInfo,
  ForEach,
  Label,
  LoadedDetector,
  Precision,
} from "./detection.js";
export { emptyDecision, isEmptyMessage } from "./empty-message.js";
export { DetectorError, type DetectorErrorCode } from "./errors.js";
export { type ExplainedDetection, explain, maxExplainedWords, type WordEffect } from "./explain.js";
export { type ExportedModel, type ExportOptions, exportDetector } from "./export/export-detector.js";
export { type LoadOptions, loadDetector } from "./load.js";
export { maxMessageLength } from "./tokenize.js";

export {
  createEngine,
  type EngineAttempt,
  type EngineOptions,
  selectEngine,
} from "./engine/create-engine.js";
export type {
  Engine,
  EngineChoice,
  EngineName,
  Hosted,
  MapTensors,
  Program,
  ProgramOptions,
  Specs,
  StepProgram,
  Tree,
} from "./engine/engine.js";
export { ENGINE_CHOICES, engineChoiceFromEnvironment, parseEngineChoice } from "./engine/engine-choice.js";
export { JitError, type JitErrorCode } from "./errors.js";
export type { DataType, HostArray, HostTensor } from "./host-tensor.js";
export { type JitFunction, type JitFunctionOptions, jit } from "./jit.js";
export type { EncodedFile } from "./onnx/encode-model.js";
export { exportOnnx, type OnnxExportOptions } from "./onnx/export-onnx.js";
export type { Int8Precision, Int8Report, MatrixForm, MatrixReport } from "./quantization/precision.js";
export { createRandomSource } from "./random/create-random-source.js";
export type { MaskSource } from "./random/mask-source.js";
export type { RandomSource, RandomState } from "./random-source.js";
export { type Dimension, type TensorSpec, tensorSpec } from "./tensor-spec.js";

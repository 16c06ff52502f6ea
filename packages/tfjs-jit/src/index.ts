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
export type { DataType, HostArray, HostTensor } from "./host-tensor.js";
export type { RandomSource, RandomState } from "./random-source.js";
export { type Dimension, type TensorSpec, tensorSpec } from "./tensor-spec.js";

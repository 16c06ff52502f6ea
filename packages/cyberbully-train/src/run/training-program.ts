/** The training step, prepared on an engine for one run. */
import type { GptConfig } from "@btp/core-gpt";
import type { Engine, HostTensor, RandomSource, StepProgram } from "@btp/tfjs-jit";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { TrainConfig } from "../config/knobs.js";
import { specsOf, stepSpecs, zerosLike } from "../step/step-program.js";
import {
  createTrainStep,
  type StepBatch,
  type StepResult,
  type StepScalars,
  type StepState,
} from "../step/train-step.js";
import type { FlatParams, TrainedPart } from "../step/trained-part.js";

export type TrainingProgram = StepProgram<
  StepState<Tensor>,
  [StepBatch<Tensor>, StepScalars<Tensor>],
  StepResult<Tensor>
>;

export interface TrainingProgramInput {
  readonly config: TrainConfig;
  readonly model: GptConfig;
  readonly part: TrainedPart;
  readonly engine: Engine;
  /** Whether an update may have several micro-batches. */
  readonly accumulates: boolean;
  /** Every trained parameter, as training starts. */
  readonly initial: FlatParams<HostTensor>;
  /** Parameters of the part that stay as they are: the matrices beside adapters. */
  readonly fixed: FlatParams<HostTensor>;
}

export async function compileTraining(
  input: TrainingProgramInput,
  random: RandomSource,
): Promise<TrainingProgram> {
  const { config, model, part, engine, accumulates, initial, fixed } = input;
  const average = config.averageWeights > 0;
  const options = {
    optimizer: { beta1: config.beta1, beta2: config.beta2, epsilon: config.epsilon },
    clip: config.clip,
    dropout: config.dropout,
    headDropout: config.headDropout,
    adapterDropout: config.loraDropout,
    accumulate: accumulates,
    average,
    languageModel: config.languageModelWeight > 0,
  };
  const state: StepState<HostTensor> = {
    parameters: initial,
    first: zerosLike(initial),
    second: zerosLike(initial),
    accumulated: accumulates ? zerosLike(initial) : {},
    average: average ? initial : {},
  };
  const step = createTrainStep(model, part, options, random);
  // Fixed weights are an argument, not constants: the engine reads them where they are.
  const program = await engine.compileStep(
    (
      before: StepState<Tensor>,
      _constants: Record<string, never>,
      weights: FlatParams<Tensor>,
      batch: StepBatch<Tensor>,
      scalars: StepScalars<Tensor>,
    ) => step(before, weights, batch, scalars),
    state,
    {},
    [specsOf(fixed), ...stepSpecs(part, model.width)],
    { random, name: "training step" },
  );
  return {
    step: (batch, scalars) => program.step(fixed, batch, scalars),
    readState: () => program.readState(),
    writeState: (value) => program.writeState(value),
    dispose: () => program.dispose(),
  };
}

/** A checkpoint's state, with the sum of gradients that is zero between updates and so is not stored. */
export function restoreState(state: StepState<HostTensor>, accumulates: boolean): StepState<HostTensor> {
  return { ...state, accumulated: accumulates ? zerosLike(state.parameters) : {} };
}

/**
 * Memory of the moving average after `step` updates: short in the beginning, so that the average does not carry the
 * initial weights along (as TensorFlow's ExponentialMovingAverage does with num_updates).
 */
export function averageMemoryAt(step: number, memory: number): number {
  return Math.min(memory, (1 + step) / (10 + step));
}

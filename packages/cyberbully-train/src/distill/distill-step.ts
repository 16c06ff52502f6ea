/**
 * One update of a distillation phase as one pure function, and its preparation on an engine: forward, the phase's losses,
 * gradients, clipping, AdamW. Shape letters: B texts, T tokens, D width, K width of a teacher's vectors.
 */
import {
  classifierParameterTable,
  type GptConfig,
  type HostTensor,
  linear,
  type ParameterEntry,
} from "@btp/core-gpt";
import { type Engine, type RandomSource, type StepProgram, tensorSpec } from "@btp/tfjs-jit";
import * as tf from "@tensorflow/tfjs";
import { crossEntropy, nextTokenLoss } from "../loss.js";
import type { AdamWScalars } from "../optim/adamw.js";
import { type Dropouts, forward } from "../step/forward.js";
import { inputSpecs, zerosLike } from "../step/step-program.js";
import { type StepState, update } from "../step/train-step.js";
import { type FlatParams, numLabels, type TrainedPart } from "../step/trained-part.js";
import type { DistillBatch } from "./distill-batch.js";
import { cosineLoss, softLoss } from "./distill-losses.js";
import { decides, type Phase } from "./recipe.js";

/** float32 [], different from call to call. */
export interface DistillScalars<T> extends AdamWScalars<T> {
  readonly averageMemory: T;
  /** 1 / B: every loss is a mean over the batch's texts, those that it leaves out among them. */
  readonly inverseCount: T;
  /** 1 / tokens that have a next one */
  readonly inverseTokens: T;
}

export const lossNames = ["hard", "soft", "vectors", "languageModel"] as const;

export type LossName = (typeof lossNames)[number];

export interface DistillResult<T> {
  /** float32 [], each without its weight; 0 where the phase does not have it */
  readonly losses: Readonly<Record<LossName, T>>;
  /** float32 []: before clipping */
  readonly gradientNorm: T;
}

export type DistillProgram = StepProgram<
  StepState<tf.Tensor>,
  [DistillBatch<tf.Tensor>, DistillScalars<tf.Tensor>],
  DistillResult<tf.Tensor>
>;

/** The linear map from pooled states to a teacher's vectors. It belongs to training and is no part of a detector. */
export function vectorMapTable(width: number, vectorWidth: number): ParameterEntry[] {
  return [
    {
      path: "vectorMap.weight",
      shape: [width, vectorWidth],
      dtype: "float32",
      initialiser: { kind: "normal", standardDeviation: 0.05 },
      decayed: true,
    },
    {
      path: "vectorMap.bias",
      shape: [vectorWidth],
      dtype: "float32",
      initialiser: { kind: "zeros" },
      decayed: false,
    },
  ];
}

/** What a phase trains: the blocks and embeddings always, the head and the map where its losses reach them. */
export function selectPhasePart(model: GptConfig, phase: Phase, vectorWidth: number): TrainedPart {
  const table = classifierParameterTable(model, numLabels).filter(
    ({ path }) => decides(phase) || path.startsWith("gpt."),
  );
  const map = phase.losses.vectors > 0 ? vectorMapTable(model.width, vectorWidth) : [];
  return { kind: "everything", firstBlock: 0, trained: [...table, ...map] };
}

export interface PhaseProgramInput {
  readonly engine: Engine;
  readonly model: GptConfig;
  readonly phase: Phase;
  readonly part: TrainedPart;
  readonly vectorWidth: number;
  /** Every parameter, trained in this phase or not. */
  readonly params: FlatParams<HostTensor>;
  readonly random: RandomSource;
}

export function compilePhase(input: PhaseProgramInput): Promise<DistillProgram> {
  const { engine, model, phase, part, vectorWidth, params, random } = input;
  const trained = new Set(part.trained.map(({ path }) => path));
  const initial = Object.fromEntries(Object.entries(params).filter(([path]) => trained.has(path)));
  const state: StepState<HostTensor> = {
    parameters: initial,
    first: zerosLike(initial),
    second: zerosLike(initial),
    accumulated: {},
    average: phase.averageWeights > 0 ? initial : {},
  };
  const scalar = tensorSpec("float32", []);
  const perText = tensorSpec("float32", ["batch"]);
  return engine.compileStep(
    createDistillStep(model, phase, part, random),
    state,
    {},
    [
      {
        ...inputSpecs(part, model.width),
        targets: tensorSpec("float32", ["batch", numLabels]),
        weights: perText,
        nextIds: tensorSpec("int32", ["batch", "tokens"]),
        nextMask: tensorSpec("float32", ["batch", "tokens"]),
        softTargets: tensorSpec("float32", ["batch", numLabels]),
        softWeights: perText,
        vectors: tensorSpec("float32", ["batch", vectorWidth]),
        vectorWeights: perText,
      },
      {
        stepSize: scalar,
        secondMomentScale: scalar,
        shrink: scalar,
        averageMemory: scalar,
        inverseCount: scalar,
        inverseTokens: scalar,
      },
    ],
    { random, name: `phase ${phase.name}` },
  );
}

export function createDistillStep(
  model: GptConfig,
  phase: Phase,
  part: TrainedPart,
  random: RandomSource,
): (
  state: StepState<tf.Tensor>,
  constants: Readonly<Record<string, never>>,
  batch: DistillBatch<tf.Tensor>,
  scalars: DistillScalars<tf.Tensor>,
) => { state: StepState<tf.Tensor>; result: DistillResult<tf.Tensor> } {
  const paths = part.trained.map(({ path }) => path);
  const { beta1, beta2, epsilon, clip } = phase;
  const options = { optimizer: { beta1, beta2, epsilon }, clip, average: phase.averageWeights > 0 };
  const dropouts: Dropouts = {
    inside: (x) => random.dropout(x, phase.dropout),
    head: (x) => random.dropout(x, phase.headDropout),
  };
  return (state, _constants, batch, scalars) => {
    const kept: Partial<Record<LossName, tf.Tensor>> = {};
    const lossOf = (...trained: tf.Tensor[]): tf.Scalar => {
      const flat = {
        ...absentHead(model),
        ...Object.fromEntries(paths.map((path, i) => [path, trained[i]!])),
      };
      const losses = lossesOf(model, phase, part, flat, batch, scalars, dropouts);
      // valueAndGrads disposes of all but the sum; what is kept outlives it, and is let go below.
      const weighted = lossNames.flatMap((name) => {
        const loss = losses[name];
        if (loss === undefined) return [];
        kept[name] = tf.keep(loss);
        return [tf.mul(loss, phase.losses[name])];
      });
      return tf.addN(weighted) as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(lossOf)(paths.map((path) => state.parameters[path]!));
    const result = (name: LossName): tf.Tensor => {
      const loss = kept[name];
      return loss === undefined ? tf.scalar(0) : tf.clone(loss);
    };
    const losses = {
      hard: result("hard"),
      soft: result("soft"),
      vectors: result("vectors"),
      languageModel: result("languageModel"),
    };
    tf.dispose([value, ...Object.values(kept)]);
    const gradients = Object.fromEntries(paths.map((path, i) => [path, grads[i]!]));
    const next = update(state, gradients, scalars, part, options);
    return { state: next.state, result: { losses, gradientNorm: next.gradientNorm } };
  };
}

/** Stands in for the head in phases that do not decide: its logits go nowhere. */
function absentHead({ width, bigramBuckets }: GptConfig): FlatParams<tf.Tensor> {
  return {
    "head.weight": tf.zeros([width, numLabels]),
    "head.bias": tf.zeros([numLabels]),
    ...(bigramBuckets === undefined ? {} : { bigrams: tf.zeros([bigramBuckets, numLabels]) }),
  };
}

/** The losses that the phase weighs, each without its weight. */
function lossesOf(
  model: GptConfig,
  phase: Phase,
  part: TrainedPart,
  flat: FlatParams<tf.Tensor>,
  batch: DistillBatch<tf.Tensor>,
  { inverseCount, inverseTokens }: DistillScalars<tf.Tensor>,
  dropouts: Dropouts,
): Partial<Record<LossName, tf.Scalar>> {
  const { hard, soft, vectors, languageModel } = phase.losses;
  const { logits, pooled, hidden } = forward(model, part, flat, batch, dropouts);
  const losses: Partial<Record<LossName, tf.Scalar>> = {};
  if (hard > 0)
    losses.hard = crossEntropy(
      logits as tf.Tensor2D,
      batch.targets as tf.Tensor2D,
      batch.weights as tf.Tensor1D,
      inverseCount as tf.Scalar,
    );
  if (soft > 0)
    losses.soft = softLoss(logits, batch.softTargets, batch.softWeights, inverseCount, phase.softTemperature);
  if (vectors > 0) {
    const map = { weight: flat["vectorMap.weight"]!, bias: flat["vectorMap.bias"]! };
    losses.vectors = cosineLoss(linear(pooled, map), batch.vectors, batch.vectorWeights, inverseCount);
  }
  if (languageModel > 0 && hidden !== undefined)
    losses.languageModel = nextTokenLoss(
      hidden,
      flat["gpt.tokenEmbedding"]!,
      batch.nextIds,
      batch.nextMask,
      inverseTokens,
    );
  return losses;
}

/**
 * One update of the weights as one pure function: forward, gradients, clipping, AdamW. The engine records it once and
 * carries its state; only the batch and a few scalars travel at each call.
 *
 * With micro-batches every call adds to a sum of gradients, and the last one of an update, told by `apply` = 1, also
 * moves the weights. Shape letters: B messages, T tokens, D width, L labels.
 */
import type { GptConfig } from "@btp/core-gpt";
import type { RandomSource } from "@btp/tfjs-jit";
import * as tf from "@tensorflow/tfjs";
import { crossEntropy, nextTokenLoss } from "../loss.js";
import type { BatchInput, BatchTargets } from "../messages/batch.js";
import { type AdamWOptions, type AdamWScalars, adamWUpdate } from "../optim/adamw.js";
import { clipFactor, globalNorm } from "../optim/clip.js";
import { type Dropouts, forward } from "./forward.js";
import type { FlatParams, TrainedPart } from "./trained-part.js";

export interface StepState<T> {
  readonly parameters: FlatParams<T>;
  /** AdamW's moments, by path. */
  readonly first: FlatParams<T>;
  readonly second: FlatParams<T>;
  /** Sum of the micro-batches' gradients; empty without accumulation. */
  readonly accumulated: FlatParams<T>;
  /** Exponential moving average of the parameters; empty without averaging. */
  readonly average: FlatParams<T>;
}

/** float32 [], different from call to call. */
export interface StepScalars<T> extends AdamWScalars<T> {
  /** 1 / Σ weights over all micro-batches of the update */
  readonly inverseWeight: T;
  /** Weight of predicting the next token, divided by the number of tokens that have one in the update. */
  readonly languageModelScale: T;
  /** 1 on the last micro-batch of an update, else 0 */
  readonly apply: T;
  /** Part of the old average that is kept. */
  readonly averageMemory: T;
}

export interface StepResult<T> {
  /** float32 []: this call's share of the update's loss in deciding; that of predicting tokens is not in it */
  readonly loss: T;
  /** float32 []: of the whole update's gradients so far, before clipping */
  readonly gradientNorm: T;
  /** float32 [B, L] */
  readonly logits: T;
}

export interface StepOptions {
  readonly optimizer: AdamWOptions;
  readonly clip: number;
  readonly dropout: number;
  readonly headDropout: number;
  /** Of what LoRA adapters read; default 0. */
  readonly adapterDropout?: number;
  readonly accumulate: boolean;
  readonly average: boolean;
  /** Adds the loss of predicting the next token; needs a part that trains the token embedding. */
  readonly languageModel: boolean;
}

export type StepBatch<T> = BatchInput<T> & BatchTargets<T>;

/** The function that `Engine.compileStep` takes, for one model, one trained part and one set of options. */
export function createTrainStep(
  config: GptConfig,
  part: TrainedPart,
  options: StepOptions,
  random: RandomSource,
): (
  state: StepState<tf.Tensor>,
  frozen: FlatParams<tf.Tensor>,
  batch: StepBatch<tf.Tensor>,
  scalars: StepScalars<tf.Tensor>,
) => { state: StepState<tf.Tensor>; result: StepResult<tf.Tensor> } {
  const paths = part.trained.map(({ path }) => path);
  const dropouts: Dropouts = {
    inside: (x) => random.dropout(x, options.dropout),
    head: (x) => random.dropout(x, options.headDropout),
    adapter: (x) => random.dropout(x, options.adapterDropout ?? 0),
  };
  return (state, frozen, batch, scalars) => {
    const kept: { logits?: tf.Tensor; decision?: tf.Tensor } = {};
    const lossOf = (...trained: tf.Tensor[]): tf.Scalar => {
      const flat = { ...frozen, ...recordOf(paths, trained) };
      // valueAndGrads disposes of all but the loss; what is kept outlives it, and is let go below.
      const { logits, hidden } = forward(config, part, flat, batch, dropouts);
      kept.logits = tf.keep(logits);
      const decision = crossEntropy(
        logits as tf.Tensor2D,
        batch.targets as tf.Tensor2D,
        batch.weights as tf.Tensor1D,
        scalars.inverseWeight as tf.Scalar,
      );
      kept.decision = tf.keep(decision);
      const tokenEmbedding = flat["gpt.tokenEmbedding"];
      if (!options.languageModel || hidden === undefined || tokenEmbedding === undefined) return decision;
      const { nextIds, nextMask } = batch;
      return tf.add(
        decision,
        nextTokenLoss(hidden, tokenEmbedding, nextIds, nextMask, scalars.languageModelScale),
      );
    };
    const { value, grads } = tf.valueAndGrads(lossOf)(paths.map((path) => state.parameters[path]!));
    const logits = tf.clone(kept.logits!);
    const loss = tf.clone(kept.decision!);
    tf.dispose([kept, value]);
    const next = options.accumulate
      ? updateAtLast(state, recordOf(paths, grads), scalars, part, options)
      : update(state, recordOf(paths, grads), scalars, part, options);
    return { state: next.state, result: { loss, gradientNorm: next.gradientNorm, logits } };
  };
}

export interface Updated {
  readonly state: StepState<tf.Tensor>;
  readonly gradientNorm: tf.Scalar;
}

/** Clipping, AdamW and the moving average, for every trained parameter. */
export function update(
  state: StepState<tf.Tensor>,
  gradients: FlatParams<tf.Tensor>,
  scalars: AdamWScalars<tf.Tensor> & Pick<StepScalars<tf.Tensor>, "averageMemory">,
  part: Pick<TrainedPart, "trained">,
  options: Pick<StepOptions, "clip" | "optimizer" | "average">,
): Updated {
  const norm = globalNorm(part.trained.map(({ path }) => gradients[path]!));
  const clip = clipFactor(norm, options.clip);
  const parameters: Record<string, tf.Tensor> = {};
  const first: Record<string, tf.Tensor> = {};
  const second: Record<string, tf.Tensor> = {};
  const average: Record<string, tf.Tensor> = {};
  for (const { path, decayed } of part.trained) {
    const before = {
      parameter: state.parameters[path]!,
      first: state.first[path]!,
      second: state.second[path]!,
    };
    const after = adamWUpdate(
      before,
      gradients[path]!,
      clip,
      scalars as AdamWScalars<tf.Scalar>,
      decayed,
      options.optimizer,
    );
    parameters[path] = after.parameter;
    first[path] = after.first;
    second[path] = after.second;
    if (options.average) {
      const old = state.average[path]!;
      average[path] = tf.add(after.parameter, tf.mul(tf.sub(old, after.parameter), scalars.averageMemory));
    }
  }
  return {
    state: { parameters, first, second, accumulated: state.accumulated, average },
    gradientNorm: norm,
  };
}

/** Adds the gradients up; where `apply` is 1 the sum becomes an update and starts again at zero. */
function updateAtLast(
  state: StepState<tf.Tensor>,
  gradients: FlatParams<tf.Tensor>,
  scalars: StepScalars<tf.Tensor>,
  part: TrainedPart,
  options: StepOptions,
): Updated {
  const sums = mapRecord(gradients, (gradient, path) => tf.add(state.accumulated[path]!, gradient));
  const { state: moved, gradientNorm } = update(state, sums, scalars, part, options);
  const last = tf.greater(scalars.apply, 0.5);
  const choose = (after: FlatParams<tf.Tensor>, before: FlatParams<tf.Tensor>): FlatParams<tf.Tensor> =>
    mapRecord(after, (value, path) => tf.where(last, value, before[path]!));
  return {
    state: {
      parameters: choose(moved.parameters, state.parameters),
      first: choose(moved.first, state.first),
      second: choose(moved.second, state.second),
      accumulated: mapRecord(sums, (sum) => tf.mul(sum, tf.sub(1, scalars.apply))),
      average: choose(moved.average, state.average),
    },
    gradientNorm,
  };
}

const recordOf = (paths: readonly string[], values: readonly tf.Tensor[]): Record<string, tf.Tensor> =>
  Object.fromEntries(paths.map((path, i) => [path, values[i]!]));

const mapRecord = (
  record: FlatParams<tf.Tensor>,
  map: (value: tf.Tensor, path: string) => tf.Tensor,
): Record<string, tf.Tensor> =>
  Object.fromEntries(Object.entries(record).map(([path, value]) => [path, map(value, path)]));

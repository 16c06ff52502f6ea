/**
 * One batch as host tensors, padded on the right to its own longest message.
 * Shape letters: B messages, T tokens of the longest (at least 1), D width, L labels.
 */
import { createRandom, layOutPadding, type PaddingLayout } from "@btp/core-gpt";
import type { HostTensor } from "@btp/tfjs-jit";
import type { EncodedMessages } from "./encoded-messages.js";

/** What a program reads of the messages. `T` is a tensor inside a program and a HostTensor outside. */
export interface BatchInput<T> extends PaddingLayout<T> {
  /** Token ids, int32 [B, T]; or hidden states where the trunk has run before, float32 [B, T, D]. */
  readonly input: T;
  /** int32 [T]: 0, 1, ... T - 1; while training perhaps from a later start */
  readonly positions: T;
  /** float32 [B, T]: 1 for a token of the message, 0 for padding */
  readonly mask: T;
}

export interface BatchTargets<T> {
  /** float32 [B, L]: what the probabilities should be. */
  readonly targets: T;
  /** float32 [B]: how much each message counts. */
  readonly weights: T;
  /** int32 [B, T]: the token after each. */
  readonly nextIds: T;
  /** float32 [B, T]: 1 where there is one. */
  readonly nextMask: T;
}

/** Longest message of a batch in tokens, at least 1. */
export function paddedLength(messages: EncodedMessages, batch: readonly number[]): number {
  let longest = 1;
  for (const i of batch) longest = Math.max(longest, messages.offsets[i + 1]! - messages.offsets[i]!);
  return longest;
}

/** @param start - position of the first token */
export function layOutPositions(
  messages: EncodedMessages,
  batch: readonly number[],
  start = 0,
): Omit<BatchInput<HostTensor>, "input"> {
  const tokens = paddedLength(messages, batch);
  const lengths = batch.map((i) => messages.offsets[i + 1]! - messages.offsets[i]!);
  const mask = new Float32Array(batch.length * tokens);
  lengths.forEach((length, row) => {
    mask.fill(1, row * tokens, row * tokens + length);
  });
  return {
    positions: {
      dtype: "int32",
      shape: [tokens],
      data: Int32Array.from({ length: tokens }, (_, t) => start + t),
    },
    mask: { dtype: "float32", shape: [batch.length, tokens], data: mask },
    ...layOutPadding(lengths, tokens),
  };
}

/** What is random about a batch's input while training: the same seed gives the same input. */
export interface InputNoise {
  /** Part of the tokens that is replaced. */
  readonly tokenDropout: number;
  readonly replacement: number;
  /** Largest position of the first token, so that no token can be learned together with its place. */
  readonly positionShift: number;
  readonly seed: number;
}

export function layOutTokens(
  messages: EncodedMessages,
  batch: readonly number[],
  noise?: InputNoise,
): BatchInput<HostTensor> {
  const tokens = paddedLength(messages, batch);
  const ids = new Int32Array(batch.length * tokens); // padding may be any id: no real token sees it
  batch.forEach((i, row) => {
    ids.set(messages.ids.subarray(messages.offsets[i]!, messages.offsets[i + 1]!), row * tokens);
  });
  const input: HostTensor = { dtype: "int32", shape: [batch.length, tokens], data: ids };
  if (noise === undefined) return { input, ...layOutPositions(messages, batch) };
  const random = createRandom(noise.seed);
  const start = Math.floor(random() * (noise.positionShift + 1));
  if (noise.tokenDropout > 0)
    for (let k = 0; k < ids.length; k++) if (random() < noise.tokenDropout) ids[k] = noise.replacement;
  return { input, ...layOutPositions(messages, batch, start) };
}

export interface TargetOptions {
  /** Part of each target that is spread evenly over the labels. */
  readonly labelSmoothing: number;
  /** Weight of label 0 and of label 1. */
  readonly classWeights: readonly [number, number];
}

/** A soft target counts with the weights of both labels, in proportion. */
export function layOutTargets(
  messages: EncodedMessages,
  batch: readonly number[],
  { labelSmoothing, classWeights }: TargetOptions,
): BatchTargets<HostTensor> {
  const targets = new Float32Array(batch.length * 2);
  const weights = new Float32Array(batch.length);
  batch.forEach((i, row) => {
    const probability = messages.targets[i]!;
    const smoothed = probability * (1 - labelSmoothing) + labelSmoothing / 2;
    targets[row * 2] = 1 - smoothed;
    targets[row * 2 + 1] = smoothed;
    weights[row] = classWeights[0] * (1 - probability) + classWeights[1] * probability;
  });
  return {
    targets: { dtype: "float32", shape: [batch.length, 2], data: targets },
    weights: { dtype: "float32", shape: [batch.length], data: weights },
    ...layOutNext(messages, batch),
  };
}

/** Nothing to predict where the messages have no ids of their own, as with pooled ones. */
function layOutNext(
  messages: EncodedMessages,
  batch: readonly number[],
): Pick<BatchTargets<HostTensor>, "nextIds" | "nextMask"> {
  const tokens = paddedLength(messages, batch);
  const ids = new Int32Array(batch.length * tokens);
  const mask = new Float32Array(batch.length * tokens);
  batch.forEach((i, row) => {
    const next = messages.ids.subarray(messages.offsets[i]! + 1, messages.offsets[i + 1]!);
    ids.set(next, row * tokens);
    mask.fill(1, row * tokens, row * tokens + next.length);
  });
  const shape = [batch.length, tokens];
  return {
    nextIds: { dtype: "int32", shape, data: ids },
    nextMask: { dtype: "float32", shape, data: mask },
  };
}

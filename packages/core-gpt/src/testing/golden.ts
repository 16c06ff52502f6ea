/** For tests: parameters and results of a GPT as PyTorch and Hugging Face computed them, under this project's names. */
import type { FixtureTensor } from "@btp/test-kit";
import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { GptConfig } from "../config.js";
import { buildParams } from "../parameter-table.js";
import { type ClassifierParams, flattenParams, type GptParams } from "../params.js";

const leaves: readonly [RegExp, string][] = [
  [/^tokenEmbedding$/, "wte.weight"],
  [/^positionEmbedding$/, "wpe.weight"],
  [/^blocks\./, "h."],
  [/attentionNorm/, "ln_1"],
  [/mlpNorm/, "ln_2"],
  [/finalNorm/, "ln_f"],
  [/attention\.qkv/, "attn.c_attn"],
  [/attention\.projection/, "attn.c_proj"],
  [/mlp\.expand/, "mlp.c_fc"],
  [/mlp\.project/, "mlp.c_proj"],
  [/\.gain$/, ".weight"],
];

/** Hugging Face's name of a parameter: "blocks.0.mlp.expand.bias" -> "h.0.mlp.c_fc.bias". */
export function huggingFaceName(path: string): string {
  return leaves.reduce((name, [ours, theirs]) => name.replace(ours, theirs), path);
}

export function toTensor({ data, shape, dtype }: FixtureTensor): Tensor {
  return tf.tensor(data, [...shape], dtype);
}

/** @throws Error when the file lacks the name */
export function named(tensors: ReadonlyMap<string, FixtureTensor>, name: string): FixtureTensor {
  const found = tensors.get(name);
  if (found === undefined) throw new Error(`no tensor ${name} in the fixture`);
  return found;
}

/** The parameters in a file of Hugging Face's names; the caller disposes the tensors. */
export function readParams(
  tensors: ReadonlyMap<string, FixtureTensor>,
  config: GptConfig,
  prefix = "transformer.",
): GptParams<Tensor> {
  return buildParams(config, ({ path }) => toTensor(named(tensors, prefix + huggingFaceName(path))));
}

/** 0, 1, ... length - 1 as int32. */
export function positionsOf(length: number): Tensor {
  return tf.range(0, length, 1, "int32");
}

/** Mean cross-entropy of predicting each token from those before it, over the T - 1 predicted positions of each row. */
export function nextTokenLoss(logits: Tensor, ids: Tensor): Tensor {
  const [batch = 0, tokens = 0, vocabulary = 0] = logits.shape;
  const predicted = tf.slice(logits, [0, 0, 0], [batch, tokens - 1, vocabulary]);
  const target = tf.oneHot(
    tf.slice(tf.cast(ids, "int32"), [0, 1], [batch, tokens - 1]) as tf.Tensor2D,
    vocabulary,
  );
  return tf.neg(tf.mean(tf.sum(tf.mul(target, tf.logSoftmax(predicted)), -1)));
}

type AnyParams = GptParams<Tensor> | ClassifierParams<Tensor>;

/**
 * The value of `loss` at `params` and its gradient for every parameter, by TensorFlow.js's automatic differentiation.
 * The gradients are the caller's to dispose.
 */
export function gradientsOf<P extends AnyParams>(
  params: P,
  loss: (params: P) => Tensor,
): { readonly value: number; readonly gradients: ReadonlyMap<string, Tensor> } {
  const flat = flattenParams<Tensor>(params);
  // The function closes over the very tensors that it is differentiated by.
  const { value, grads } = tf.valueAndGrads(() => loss(params) as tf.Scalar)(flat.map((leaf) => leaf.value));
  const gradients = new Map(flat.map(({ path }, i) => [path, grads[i] ?? tf.scalar(Number.NaN)]));
  return { value: value.dataSync()[0] ?? Number.NaN, gradients };
}

/**
 * The model against the project's own goldens, which tools/goldens/make_gpt2_goldens.py made with Hugging Face's code in
 * PyTorch: a batch of messages of several lengths, one of them empty, padded with random ids.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectClose, type FixtureTensor, maxDifference, readTensors, repositoryRoot } from "@btp/test-kit";
import "@tensorflow/tfjs";
import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { GptConfig } from "./config.js";
import { classifierLogits, classifierLogitsFrom, meanPool } from "./heads/classifier.js";
import { languageModelLogits } from "./heads/language-model.js";
import { embed, hiddenStates, runBlocks } from "./model.js";
import { type ClassifierParams, flattenParams } from "./params.js";
import {
  gradientsOf,
  huggingFaceName,
  named,
  nextTokenLoss,
  positionsOf,
  readParams,
  toTensor,
} from "./testing/golden.js";

const folder = join(repositoryRoot(), "packages/core-gpt/goldens");
const facts = JSON.parse(readFileSync(join(folder, "small-gpt.json"), "utf8")) as {
  config: GptConfig;
  language_model_loss: number;
  classifier_loss: number;
  class_weights: number[];
};
const { config } = facts;

// Two float32 programs that add in another order; values are of order 1 to 10.
const tolerance = 1e-4;

let tensors: Map<string, FixtureTensor>;
let params: ClassifierParams<Tensor>;
let ids: Tensor;
let mask: Tensor;
let positions: Tensor;

const close = (actual: Tensor, name: string): void =>
  expectClose(actual.dataSync(), named(tensors, name).data, tolerance, name);

beforeAll(async () => {
  await tf.setBackend("cpu");
  tensors = readTensors(join(folder, "small-gpt.safetensors"));
  const tensor = (name: string): Tensor => toTensor(named(tensors, name));
  params = {
    gpt: readParams(tensors, config, "param."),
    head: { weight: tensor("head.weight"), bias: tensor("head.bias") },
  };
  ids = tensor("ids");
  mask = tensor("mask");
  positions = positionsOf(ids.shape[1] ?? 0);
});

/** Cross-entropy weighted by class, as torch.nn.functional.cross_entropy defines it. */
function classifierLoss(logits: Tensor): Tensor {
  const labels = Array.from(named(tensors, "labels").data);
  const weights = labels.map((label) => facts.class_weights[label] ?? 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const chosen = tf.sum(tf.mul(tf.oneHot(tf.tensor1d(labels, "int32"), 2), tf.logSoftmax(logits)), 1);
  return tf.div(tf.neg(tf.sum(tf.mul(chosen, tf.tensor1d(weights)))), total);
}

describe("the language model", () => {
  it("gives PyTorch's hidden states after each block, and its logits", () => {
    tf.tidy(() => {
      const { gpt } = params;
      const embedded = embed(gpt, ids, positions);
      close(embedded, "hidden.0");
      close(runBlocks(embedded, gpt.blocks.slice(0, 1), config, positions), "hidden.1");
      close(hiddenStates(gpt, config, ids, positions), "hidden.2");
      close(languageModelLogits(gpt, config, ids, positions), "logits");
    });
  });

  it("gives PyTorch's loss and gradient of every parameter", () => {
    const { value, gradients } = gradientsOf(params.gpt, (gpt) =>
      nextTokenLoss(languageModelLogits(gpt, config, ids, positions), ids),
    );
    expect(value).toBeCloseTo(facts.language_model_loss, 4);
    expect(gradients.size).toBe(flattenParams(params.gpt).length);
    for (const [path, gradient] of gradients)
      close(gradient, `language-model-gradient.${huggingFaceName(path)}`);
  });

  it("would be caught with erf in GELU: its logits lie far outside the tolerance", () => {
    const erf = named(tensors, "logits.erf-gelu").data;
    expect(maxDifference(erf, named(tensors, "logits").data).absolute).toBeGreaterThan(20 * tolerance);
  });
});

describe("the classifier", () => {
  it("gives PyTorch's pooled states and logits, for an empty message too", () => {
    tf.tidy(() => {
      close(meanPool(hiddenStates(params.gpt, config, ids, positions), mask), "pooled");
      close(classifierLogits(params, config, ids, positions, mask), "classifier-logits");
    });
  });

  it("gives PyTorch's loss and gradient of every parameter", () => {
    const { value, gradients } = gradientsOf(params, (classifier) =>
      classifierLoss(classifierLogits(classifier, config, ids, positions, mask)),
    );
    expect(value).toBeCloseTo(facts.classifier_loss, 4);
    expect(gradients.size).toBe(flattenParams(params).length);
    for (const [path, gradient] of gradients)
      close(gradient, `classifier-gradient.${huggingFaceName(path.replace("gpt.", ""))}`);
  });

  it.each([0, 1, 2])("gives the same logits when the blocks before %i are run apart", (trained) => {
    tf.tidy(() => {
      const { blocks, finalNorm } = params.gpt;
      const hidden = runBlocks(
        embed(params.gpt, ids, positions),
        blocks.slice(0, trained),
        config,
        positions,
      );
      const top = { blocks: blocks.slice(trained), finalNorm, head: params.head };
      close(classifierLogitsFrom(top, config, hidden, positions, mask), "classifier-logits");
    });
  });

  it("does not read the padding", () => {
    tf.tidy(() => {
      const other = tf.sub(config.vocabSize - 1, ids);
      const changed = tf.where(tf.cast(mask, "bool"), ids, tf.cast(other, "int32"));
      close(classifierLogits(params, config, changed, positions, mask), "classifier-logits");
    });
  });

  it("gives a message the same logits alone as in a batch", () => {
    tf.tidy(() => {
      const alone = tf.slice(ids, [3, 0], [1, 6]);
      const logits = classifierLogits(params, config, alone, positionsOf(6), tf.ones([1, 6]));
      // Sums of the same numbers in another order.
      expectClose(logits.dataSync(), named(tensors, "classifier-logits").data.slice(6, 8), 1e-5);
    });
  });
});

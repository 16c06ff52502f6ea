/** What each layer promises, by values worked out apart from it. */
import { expectClose } from "@btp/test-kit";
import "@tensorflow/tfjs";
import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { gptConfigs } from "../config.js";
import { classifierLogits, meanPool } from "../heads/classifier.js";
import { initialise, initialiseClassifier } from "../initialise.js";
import { hiddenStates } from "../model.js";
import { type GptParams, mapParams } from "../params.js";
import { positionsOf } from "../testing/golden.js";
import { causalMask } from "./attention.js";
import { embedding } from "./embedding.js";
import { gelu } from "./gelu.js";
import { layerNorm } from "./layer-norm.js";
import { linear } from "./linear.js";

const config = gptConfigs.tiny;

beforeAll(() => tf.setBackend("cpu"));

describe("gelu", () => {
  it("is the tanh form", () => {
    const x = [-30, -3, -1, -0.1, 0, 0.1, 1, 3, 30];
    const formula = x.map((v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))));
    // Float32 rounding.
    expectClose(gelu(tf.tensor1d(x)).dataSync(), formula, 2e-6);
  });
});

describe("layerNorm", () => {
  it("gives mean 0 and variance 1 before gain and bias", () => {
    const y = layerNorm(tf.tensor2d([[1, 2, 3, 6]]), { gain: tf.ones([4]), bias: tf.zeros([4]) }, 1e-5);
    // Mean 3, variance 3.5.
    const expected = [-2, -1, 0, 3].map((v) => v / Math.sqrt(3.5 + 1e-5));
    expectClose(y.dataSync(), expected, 1e-6);
  });

  it("does not divide by zero where all values are equal", () => {
    const y = layerNorm(tf.fill([1, 4], 7), { gain: tf.ones([4]), bias: tf.fill([4], 2) }, 1e-5);
    expect(Array.from(y.dataSync())).toEqual([2, 2, 2, 2]);
  });
});

describe("linear", () => {
  it("keeps the leading dimensions", () => {
    const params = { weight: tf.ones([2, 3]), bias: tf.tensor1d([0, 1, 2]) };
    const y = linear(tf.ones([4, 5, 2]), params);
    expect(y.shape).toEqual([4, 5, 3]);
    expect(Array.from(y.dataSync().slice(0, 3))).toEqual([2, 3, 4]);
  });
});

describe("causalMask", () => {
  it("hides keys of later positions only, whatever the order", () => {
    const mask = causalMask(tf.tensor1d([1, 2], "int32"), tf.tensor1d([0, 1, 2, 3], "int32"));
    expect(mask.shape).toEqual([2, 4]);
    expect(Array.from(mask.dataSync(), (v) => v < -1e8)).toEqual([
      ...[false, false, true, true],
      ...[false, false, false, true],
    ]);
  });
});

describe("embedding", () => {
  it("refuses ids and positions that do not belong together", () => {
    const params = { tokenEmbedding: tf.ones([3, 2]), positionEmbedding: tf.ones([4, 2]) };
    const ids = tf.zeros([1, 3], "int32");
    const refused = expect.objectContaining({ code: "SHAPE_MISMATCH" });
    expect(() => embedding(params, ids, positionsOf(2))).toThrow(refused);
    expect(() => embedding(params, tf.zeros([3], "int32"), positionsOf(3))).toThrow(refused);
  });
});

describe("meanPool", () => {
  it("averages real tokens and gives zeros for a message without any", () => {
    const hidden = tf.tensor3d([1, 2, 3, 4, 100, 200, 5, 6, 7, 8, 9, 10], [2, 3, 2]);
    const mask = tf.tensor2d([1, 1, 0, 0, 0, 0], [2, 3]);
    expect(Array.from(meanPool(hidden, mask).dataSync())).toEqual([2, 3, 0, 0]);
  });
});

describe("the model", () => {
  const load = (): GptParams<Tensor> =>
    mapParams(initialise(config, { seed: 1 }), ({ data, shape }) => tf.tensor(data, [...shape]));

  it("does not look ahead: a token changes nothing before it", () => {
    tf.tidy(() => {
      const params = load();
      const run = (last: number): Float32Array | Int32Array | Uint8Array =>
        hiddenStates(
          params,
          config,
          tf.tensor2d([[5, 6, 7, last]], [1, 4], "int32"),
          positionsOf(4),
        ).dataSync();
      const one = run(8);
      const other = run(9);
      const before = 3 * config.width;
      expect(one.slice(0, before)).toEqual(other.slice(0, before));
      expect(one.slice(before)).not.toEqual(other.slice(before));
    });
  });

  it("drops out where GPT-2 does: once after the embeddings and three times a block", () => {
    tf.tidy(() => {
      const params = mapParams(initialiseClassifier(config, { seed: 1 }), ({ data, shape }) =>
        tf.tensor(data, [...shape]),
      );
      const shapes: number[][] = [];
      const dropout = (x: Tensor): Tensor => {
        shapes.push(x.shape);
        return x;
      };
      const ids = tf.zeros([2, 5], "int32");
      classifierLogits(params, config, ids, positionsOf(5), tf.ones([2, 5]), dropout);
      const stream = [2, 5, config.width];
      const weights = [2, config.numHeads, 5, 5];
      expect(shapes).toEqual([stream, weights, stream, stream, weights, stream, stream]);
    });
  });

  it("leaves no tensor behind in tf.tidy, forward and gradient", () => {
    const params = load();
    const ids = tf.zeros([2, 5], "int32");
    const positions = positionsOf(5);
    const before = tf.memory().numTensors;
    const loss = (): tf.Scalar => tf.sum(hiddenStates(params, config, ids, positions));
    tf.tidy(() => void loss());
    tf.tidy(() => void tf.grads(loss)([params.tokenEmbedding]));
    expect(tf.memory().numTensors).toBe(before);
  });
});

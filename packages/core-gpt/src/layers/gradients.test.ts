/** Every layer's gradient, by TensorFlow.js, against central differences of the layer itself. */
import { expectClose, finiteDifference } from "@btp/test-kit";
import "@tensorflow/tfjs";
import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, it } from "vitest";
import type { GptConfig } from "../config.js";
import { meanPool } from "../heads/classifier.js";
import { tiedLogits } from "../heads/language-model.js";
import { buildParams } from "../parameter-table.js";
import { createRandom, fillNormal, seedFor } from "../random.js";
import { positionsOf } from "../testing/golden.js";
import { attention, causalMask } from "./attention.js";
import { block } from "./block.js";
import { embedding } from "./embedding.js";
import { gelu } from "./gelu.js";
import { layerNorm } from "./layer-norm.js";
import { linear } from "./linear.js";
import { mlp } from "./mlp.js";

const config: GptConfig = {
  vocabSize: 7,
  contextLength: 5,
  width: 6,
  numLayers: 1,
  numHeads: 2,
  layerNormEpsilon: 1e-5,
};

function noise(name: string, shape: number[], offset = 0): Tensor {
  const data = new Float32Array(tf.util.sizeFromShape(shape));
  fillNormal(data, 0.5, createRandom(seedFor(0, name)));
  return tf.tensor(
    data.map((value) => value + offset),
    shape,
  );
}

interface Case {
  readonly name: string;
  readonly layer: () => (inputs: Record<string, Tensor>) => Tensor;
  readonly inputs: Record<string, readonly number[]>;
}

const weight = (rows: number, columns: number): Record<string, number[]> => ({
  weight: [rows, columns],
  bias: [columns],
});
const positions = (): Tensor => positionsOf(3);
const mask = (): Tensor => causalMask(positions(), positions());
/** The parameters of the only block, under names without their common path. */
const blockShapes = Object.fromEntries(
  Object.entries(shapesByPath()).flatMap(([path, shape]) =>
    path.startsWith("blocks.0.") ? [[path.slice("blocks.0.".length), shape]] : [],
  ),
);

function shapesByPath(): Record<string, number[]> {
  const shapes: Record<string, number[]> = {};
  buildParams(config, ({ path, shape }) => {
    shapes[path] = [...shape];
  });
  return shapes;
}

/** The block's parameters as a tree, from their paths. */
function blockFrom(inputs: Record<string, Tensor>) {
  const tree = buildParams(config, ({ path }) => inputs[path.replace("blocks.0.", "")] ?? tf.scalar(0));
  return tree.blocks[0]!;
}

const x = [2, 3, 6];
const cases: Case[] = [
  {
    name: "linear",
    inputs: { x, ...weight(6, 4) },
    layer: () => (i) => linear(i.x!, { weight: i.weight!, bias: i.bias! }),
  },
  {
    name: "layerNorm",
    inputs: { x, gain: [6], bias: [6] },
    layer: () => (i) => layerNorm(i.x!, { gain: i.gain!, bias: i.bias! }, 1e-5),
  },
  { name: "gelu", inputs: { x }, layer: () => (i) => gelu(tf.mul(3, i.x!)) },
  {
    name: "embedding",
    inputs: { tokenEmbedding: [7, 6], positionEmbedding: [5, 6] },
    layer: () => {
      // Token 2 twice in a row and in both messages: its gradients add up.
      const ids = tf.tensor2d([2, 2, 0, 6, 2, 1], [2, 3], "int32");
      return (i) =>
        embedding(
          { tokenEmbedding: i.tokenEmbedding!, positionEmbedding: i.positionEmbedding! },
          ids,
          positions(),
        );
    },
  },
  {
    name: "attention",
    inputs: {
      x,
      ...Object.fromEntries(Object.entries(blockShapes).filter(([path]) => path.startsWith("attention."))),
    },
    layer: () => (i) => attention(i.x!, blockFrom(i).attention, config.numHeads, mask()),
  },
  {
    name: "mlp",
    inputs: {
      x,
      ...Object.fromEntries(Object.entries(blockShapes).filter(([path]) => path.startsWith("mlp."))),
    },
    layer: () => (i) => mlp(i.x!, blockFrom(i).mlp),
  },
  {
    name: "block",
    inputs: { x, ...blockShapes },
    layer: () => (i) => block(i.x!, blockFrom(i), config, mask()),
  },
  {
    name: "meanPool, one message empty",
    inputs: { x },
    layer: () => {
      const real = tf.tensor2d([1, 1, 0, 0, 0, 0], [2, 3]);
      return (i) => meanPool(i.x!, real);
    },
  },
  {
    name: "tiedLogits",
    inputs: { x, tokenEmbedding: [7, 6] },
    layer: () => (i) => tiedLogits(i.x!, i.tokenEmbedding!),
  },
];

beforeAll(() => tf.setBackend("cpu"));

describe("gradients", () => {
  it.each(cases)("of $name are those of finite differences", ({ name, layer, inputs }) => {
    tf.tidy(() => {
      const run = layer();
      const values = Object.fromEntries(
        Object.entries(inputs).map(([key, shape]) => [
          key,
          noise(key, [...shape], key.includes("ain") ? 1 : 0),
        ]),
      );
      // A random direction for each output, so that no error in one can cancel another's.
      const direction = noise(`${name} out`, run(values).shape);
      const loss = (given: Record<string, Tensor>): tf.Scalar => tf.sum(tf.mul(run(given), direction));
      for (const [key, value] of Object.entries(values)) {
        const [analytic] = tf.grads((v: Tensor) => loss({ ...values, [key]: v }))([value]);
        const numeric = finiteDifference(
          (data) =>
            tf.tidy(() => loss({ ...values, [key]: tf.tensor(data, value.shape) }).dataSync()[0] ?? 0),
          value.dataSync(),
        );
        // Rounding of a float32 loss of about 10 over a step of 1e-2: some 1e-4. Gradients are of order 1.
        expectClose(analytic?.dataSync() ?? [], numeric, 2e-3, `${name}: gradient of ${key}`);
      }
    });
  });
});

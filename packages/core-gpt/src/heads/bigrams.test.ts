import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { checkConfig, gptConfigs, maxHashedVocabulary } from "../config.js";
import { initialiseClassifier } from "../initialise.js";
import { mapParams } from "../params.js";
import { createRandom } from "../random.js";
import { bigramLogits, pairRows } from "./bigrams.js";
import { classifierLogits } from "./classifier.js";

const vocabSize = 50;
const buckets = 64;
const random = createRandom(3);
const values = Float32Array.from({ length: buckets * 2 }, () => random() - 0.5);
const messages = [[3, 49, 49, 7], [0, 1], []];

const width = 4;
const ids = messages.map((row) => [...row, ...Array<number>(width - row.length).fill(0)]);
const mask = messages.map((row) => Array.from({ length: width }, (_, t) => (t < row.length ? 1 : 0)));

/** The same without tensors, in 64-bit numbers. */
function expected(row: readonly number[]): number[] {
  return [0, 1].map((label) => {
    const value = (at: number): number => values[(at % buckets) * 2 + label] ?? Number.NaN;
    const sum = row.reduce((total, id, t) => {
      const partner = t === 0 ? vocabSize : (row[t - 1] ?? Number.NaN);
      return total + value(id) + value(partner * 40_009 + id);
    }, 0);
    return (8 * sum) / Math.sqrt(Math.max(1, row.length));
  });
}

beforeAll(async () => {
  await tf.setBackend("cpu");
});

describe("bigramLogits", () => {
  const table = (): tf.Tensor2D => tf.tensor2d(values, [buckets, 2]);
  const positions = (): tf.Tensor1D => tf.range(0, width, 1, "int32");
  const idTensor = (): tf.Tensor2D => tf.tensor2d(ids, [3, width], "int32");

  it("adds up what tokens and pairs say, whatever the padding, and nothing for a message without tokens", () => {
    const logits = tf.tidy(() =>
      bigramLogits(table(), idTensor(), positions(), tf.tensor2d(mask), vocabSize).arraySync(),
    ) as number[][];
    messages.forEach((row, b) => {
      expected(row).forEach((want, label) => {
        expect(logits[b]?.[label]).toBeCloseTo(want, 5);
      });
    });
    expect(logits[2]).toEqual([0, 0]);
    const shifted = tf.tidy(() =>
      bigramLogits(table(), idTensor(), tf.range(9, 9 + width, 1, "int32"), tf.tensor2d(mask), vocabSize),
    );
    expect(shifted.arraySync()).toEqual(logits);
  });

  it("has the gradient of that sum", () => {
    const weights = tf.tensor2d([
      [1, -1],
      [0.5, 2],
      [1, 1],
    ]);
    const gradient = tf.tidy(() =>
      tf
        .grad((t) =>
          tf.sum(tf.mul(weights, bigramLogits(t, idTensor(), positions(), tf.tensor2d(mask), vocabSize))),
        )(table())
        .arraySync(),
    ) as number[][];
    const wanted = Array.from({ length: buckets }, () => [0, 0]);
    const factors = weights.arraySync();
    messages.forEach((row, b) => {
      row.forEach((id, t) => {
        const partner = t === 0 ? vocabSize : (row[t - 1] ?? Number.NaN);
        for (const at of [id % buckets, (partner * 40_009 + id) % buckets])
          wanted[at] = (wanted[at] ?? []).map(
            (v, label) => v + (8 * (factors[b]?.[label] ?? Number.NaN)) / Math.sqrt(row.length),
          );
      });
    });
    gradient.flat().forEach((value, i) => {
      expect(value).toBeCloseTo(wanted.flat()[i] ?? Number.NaN, 5);
    });
  });

  it("hashes the largest ids without overflow", () => {
    const last = maxHashedVocabulary - 1;
    const rows = tf.tidy(() =>
      pairRows(
        tf.tensor2d([[last, last]], [1, 2], "int32"),
        tf.range(0, 2, 1, "int32"),
        maxHashedVocabulary,
        2 ** 17,
      ).arraySync(),
    );
    expect(rows).toEqual([
      [(maxHashedVocabulary * 40_009 + last) % 2 ** 17, (last * 40_009 + last) % 2 ** 17],
    ]);
    expect(maxHashedVocabulary * 40_009 + last).toBeLessThan(2 ** 31);
  });
});

describe("a classifier with a table", () => {
  const config = { ...gptConfigs.tiny, bigramBuckets: buckets };

  it("begins as the classifier without one, and ends with its logits and the table's", () => {
    const { bigramBuckets: _none, ...plain } = config;
    const input = tf.tensor2d([[1, 2, 3]], [1, 3], "int32");
    const places = tf.range(0, 3, 1, "int32");
    const all = tf.ones([1, 3]);
    const tensors = (c: typeof plain) =>
      mapParams(initialiseClassifier(c, { seed: 1 }), ({ data, shape }) => tf.tensor(data, [...shape]));
    const without = classifierLogits(tensors(plain), plain, input, places, all).arraySync();
    const begun = tensors(config);
    expect(begun.bigrams?.shape).toEqual([buckets, 2]);
    expect(classifierLogits(begun, config, input, places, all).arraySync()).toEqual(without);
    const bigrams = tf.tensor2d(values, [buckets, 2]);
    const both = classifierLogits({ ...begun, bigrams }, config, input, places, all);
    const alone = bigramLogits(bigrams, input, places, all, config.vocabSize);
    const sum = tf.add(tf.tensor(without), alone);
    expect(both.arraySync()).toEqual(sum.arraySync());
  });

  it.each([0, 1.5, 2 ** 24 + 1])("refuses %s buckets", (bigramBuckets) => {
    expect(() => checkConfig({ ...config, bigramBuckets })).toThrow(/bigramBuckets/);
  });

  it("refuses a vocabulary that it cannot hash", () => {
    expect(() => checkConfig({ ...config, vocabSize: maxHashedVocabulary + 1 })).toThrow(/vocabSize/);
  });
});

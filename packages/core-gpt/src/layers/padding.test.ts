/** Blocks without padding against blocks with it, eagerly: values and gradients of real tokens are the same. */
import { expectClose } from "@btp/test-kit";
import "@tensorflow/tfjs";
import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gptConfigs } from "../config.js";
import { meanPool } from "../heads/classifier.js";
import type { HostTensor } from "../host-tensor.js";
import { initialise } from "../initialise.js";
import { runBlocks } from "../model.js";
import { mapParams } from "../params.js";
import { createRandom, fillNormal, seedFor } from "../random.js";
import { keepPadding, layOutPadding, type PaddingLayout, skipPadding } from "./padding.js";

const config = { ...gptConfigs.tiny, numLayers: 2 };
const onDevice = ({ data, shape, dtype }: HostTensor): Tensor => tf.tensor(data, [...shape], dtype);

function batchOf(lengths: readonly number[], tokens: number) {
  const noise = new Float32Array(lengths.length * tokens * config.width);
  fillNormal(noise, 1, createRandom(seedFor(0, "hidden states")));
  const mask = lengths.flatMap((length) => Array.from({ length: tokens }, (_, t) => (t < length ? 1 : 0)));
  const { rows, slots } = layOutPadding(lengths, tokens);
  return {
    hidden: tf.tensor3d(noise, [lengths.length, tokens, config.width]),
    mask: tf.tensor2d(mask, [lengths.length, tokens]),
    positions: tf.range(0, tokens, 1, "int32"),
    layout: { rows: onDevice(rows), slots: onDevice(slots) } satisfies PaddingLayout<Tensor>,
  };
}

/** Pooled features of every message, and the gradient of their squares with respect to the hidden states that came in. */
function pooledWithGradient(lengths: readonly number[], tokens: number, skip: boolean) {
  return tf.tidy(() => {
    const { hidden, mask, positions, layout } = batchOf(lengths, tokens);
    const { blocks } = mapParams(initialise(config, { seed: 3 }), onDevice);
    const padding = skip ? skipPadding(layout, mask) : keepPadding;
    const pooledOf = (x: Tensor): Tensor =>
      meanPool(runBlocks(x, blocks, config, positions, undefined, padding), mask);
    const gradient = tf.grad((x: Tensor) => tf.sum(tf.square(pooledOf(x))))(hidden);
    return { pooled: pooledOf(hidden).dataSync(), gradient: gradient.dataSync() };
  });
}

describe("skipPadding", () => {
  it.each([
    ["ragged", [3, 7, 1, 5], 7],
    ["with a message of no tokens", [2, 0, 4], 4],
    ["of no tokens at all", [0, 0], 1],
    ["without padding", [4, 4], 4],
  ] as const)("changes neither features nor gradients of a batch %s", (_name, lengths, tokens) => {
    const kept = pooledWithGradient(lengths, tokens, false);
    const skipped = pooledWithGradient(lengths, tokens, true);
    expectClose(skipped.pooled, kept.pooled, 1e-5); // float32 sums of matrices of another height
    expectClose(skipped.gradient, kept.gradient, 1e-5);
  });

  it("gives padding a gradient of exactly zero", () => {
    const { gradient } = pooledWithGradient([1, 3], 3, true);
    const { width } = config;
    expect(gradient.subarray(width, 3 * width).every((value) => value === 0)).toBe(true);
    expect(gradient.subarray(0, width).some((value) => value !== 0)).toBe(true);
  });
});

describe("layOutPadding", () => {
  it("names every real token once, in order, and finds it again", () => {
    const lengthsAndTokens = fc
      .array(fc.nat(9), { minLength: 1, maxLength: 8 })
      .map((lengths) => ({ lengths, tokens: Math.max(1, ...lengths) }));
    fc.assert(
      fc.property(lengthsAndTokens, ({ lengths, tokens }) => {
        const { rows, slots } = layOutPadding(lengths, tokens);
        const real = lengths.flatMap((length, message) =>
          Array.from({ length }, (_, t) => message * tokens + t),
        );
        expect([...rows.data]).toEqual(real.length === 0 ? [0] : real);
        expect(slots.shape).toEqual([lengths.length, tokens]);
        for (const [k, place] of real.entries()) expect(slots.data[place]).toBe(k);
        expect(Math.max(...slots.data)).toBeLessThan(rows.data.length);
      }),
    );
  });
});

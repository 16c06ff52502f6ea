import { expect, it } from "vitest";
import type { HostTensor } from "../host-tensor.js";
import type { BoundGraph } from "./bound-graph.js";
import type { OpenSession } from "./constants-fed.js";
import { quantizeColumns } from "./int8-matrix.js";
import { weightRange } from "./weight-range.js";

/** A session that multiplies as a processor would: pairs of products are added in 16 bits that saturate, or not. */
function processor(saturates: boolean): OpenSession {
  const run = async ([x]: readonly HostTensor[]): Promise<HostTensor[]> => {
    const [rows, depth] = x!.shape as [number, number];
    const pair = 2 * 255 * 127;
    const sum = (depth / 2) * (saturates ? Math.min(pair, 32_767) : pair) - depth * 128 * 127;
    return [
      { dtype: "float32", shape: [rows, depth], data: new Float32Array(rows * depth).fill(sum / 127 / 127) },
    ];
  };
  return (_: BoundGraph) =>
    Promise.resolve({ run, dispose: () => Promise.resolve() } as unknown as Awaited<ReturnType<OpenSession>>);
}

it("uses all 8 bits where products are right, 7 where pairs of them saturate", async () => {
  expect(await weightRange(processor(false))).toEqual({});
  expect(await weightRange(processor(true))).toEqual({ largest: 63 });
});

it("makes integers that fit the reduced range, with scales to match", () => {
  const { values, scales } = quantizeColumns("m", Float32Array.of(1, -2, 0.5, 4), 2, 2, undefined, 1, 63);
  expect(Math.max(...values.map(Math.abs))).toBe(63);
  expect([...values].map((value, i) => value * scales[i % 2]!)).toEqual(
    [1, -2, 0.5, 4].map((value) => expect.closeTo(value, 1)),
  );
});

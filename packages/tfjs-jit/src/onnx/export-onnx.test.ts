import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import onnxProto from "onnx-proto";
import ort from "onnxruntime-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createEngine } from "../engine/create-engine.js";
import type { HostTensor } from "../host-tensor.js";
import { createRandomSource } from "../random/create-random-source.js";
import { tensorSpec } from "../tensor-spec.js";
import { exportOnnx } from "./export-onnx.js";

let dir: string;
beforeAll(async () => {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
  dir = await mkdtemp(join(tmpdir(), "btp-onnx-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const ramp = (...shape: number[]): HostTensor => {
  const length = shape.reduce((a, b) => a * b, 1);
  return { dtype: "float32", shape, data: Float32Array.from({ length }, (_, i) => Math.sin(i)) };
};

interface Weights {
  readonly w: tf.Tensor;
}

/** What would be FusedMatMul and FastGelu in a session. */
function scores(
  { w }: Weights,
  x: tf.Tensor,
  lengths: tf.Tensor,
): { similarity: tf.Tensor; total: tf.Tensor } {
  const [batch = 0, tokens = 0] = x.shape;
  const rows = tf.matMul(tf.reshape(x, [-1, 40]), w); // [batch * tokens, 40]
  const bent = tf.mul(
    tf.mul(rows, 0.5),
    tf.add(1, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(rows, tf.mul(0.044715, tf.pow(rows, 3)))))),
  );
  const again = tf.reshape(bent, [batch, tokens, 40]);
  return {
    similarity: tf.mul(tf.matMul(again, x, false, true), 0.125), // [batch, tokens, tokens]
    total: tf.sum(tf.mul(tf.cast(lengths, "float32"), tf.range(0, batch, 1))),
  };
}
const specs = [tensorSpec("float32", ["batch", "tokens", 40]), tensorSpec("int32", ["batch"])] as const;
const names = { inputNames: ["x", "lengths"], outputNames: ["similarity", "total"] };
const about = { ...names, description: "a test", metadata: { "test.key": "a value" } };

it("writes ONNX's own operators only, named, with symbolic sizes and metadata", async () => {
  const { model, weights } = await exportOnnx(scores, { w: ramp(40, 40) }, specs, about);
  expect(weights).toEqual([]);
  const decoded = onnxProto.onnx.ModelProto.decode(Buffer.concat(model));
  expect(decoded.opsetImport?.map(({ domain }) => domain)).toEqual([""]);
  const operators = decoded.graph?.node?.map(({ opType }) => opType);
  expect(operators).toEqual(expect.arrayContaining(["MatMul", "Transpose", "Gelu"]));
  expect(decoded.graph?.node?.map(({ domain }) => domain).filter(Boolean)).toEqual([]);
  const [x] = decoded.graph?.input ?? [];
  expect(x?.name).toBe("x");
  expect(x?.type?.tensorType?.shape?.dim?.map((d) => d.dimParam || Number(d.dimValue))).toEqual([
    "batch",
    "tokens",
    40,
  ]);
  expect(decoded.metadataProps?.map(({ key, value }) => [key, value])).toEqual([["test.key", "a value"]]);
  expect(decoded.docString).toBe("a test");
});

it.each([
  ["inside the model", {}],
  ["in a file of their own", { weightsFile: "model.onnx.data" }],
])("gives a runtime the engine's numbers at any size, weights %s", async (_, where) => {
  const engine = await createEngine("tfjs-cpu");
  const constants = { w: ramp(40, 40) };
  const program = await engine.compile(scores, constants, specs);
  const { model, weights } = await exportOnnx(scores, constants, specs, { ...about, ...where });
  const path = join(dir, "model.onnx");
  await writeFile(path, Buffer.concat(model));
  await writeFile(`${path}.data`, Buffer.concat(weights));
  // 1,600 numbers of 4 bytes and the rest of their second page.
  expect(Buffer.concat(weights)).toHaveLength("weightsFile" in where ? 8192 : 0);
  const session = await ort.InferenceSession.create(path);
  for (const [batch, tokens] of [
    [1, 1],
    [3, 5],
  ] as const) {
    const x = ramp(batch, tokens, 40);
    const lengths: HostTensor = { dtype: "int32", shape: [batch], data: new Int32Array(batch).fill(2) };
    const wanted = await program.run(x, lengths);
    const got = await session.run({
      x: new ort.Tensor("float32", Float32Array.from(x.data), x.shape),
      lengths: new ort.Tensor("int32", Int32Array.from(lengths.data), [batch]),
    });
    for (const output of ["similarity", "total"] as const) {
      const numbers = got[output]!.data as Float32Array;
      const errors = Array.from(wanted[output].data, (value, i) => Math.abs(value - numbers[i]!));
      expect(numbers).toHaveLength(errors.length);
      // float32: sums of 40 products of magnitude 5
      expect(Math.max(...errors), output).toBeLessThan(1e-4);
    }
  }
  await session.release();
  await engine.dispose();
});

it("refuses names that do not fit, and functions that draw random numbers", async () => {
  const constants = { w: ramp(40, 40) };
  for (const wrong of [["x"], ["x", "x"]])
    await expect(exportOnnx(scores, constants, specs, { ...about, inputNames: wrong })).rejects.toMatchObject(
      { code: "ARGUMENT_MISMATCH" },
    );
  const random = createRandomSource(1);
  const dropping = ({ w }: Weights, x: tf.Tensor): tf.Tensor => random.dropout(tf.matMul(x, w), 0.5);
  const options = { ...about, inputNames: ["x"], outputNames: ["y"] };
  await expect(
    exportOnnx(dropping, constants, [tensorSpec("float32", ["n", 40])], options),
  ).rejects.toMatchObject({ code: "INVALID_FUNCTION" });
});

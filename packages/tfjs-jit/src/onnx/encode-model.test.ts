import onnxProto from "onnx-proto";
import { expect, it } from "vitest";
import { GraphBuilder } from "../graph/builder.js";
import { addExtents, symbol } from "../graph/extent.js";
import { encodeModel } from "./encode-model.js";
import { WireWriter } from "./wire.js";

it("writes models that an independent reader of the format understands", () => {
  const builder = new GraphBuilder();
  const rows = symbol("rows");
  const x = builder.input({ dtype: "float32", shape: [rows, 2000] }, { role: "argument", path: "x" });
  const w = builder.input({ dtype: "float32", shape: [2000, 3] }, { role: "constant", path: "w" });
  const product = builder.add1("MatMul", [x, w], { transposeA: false, transposeB: false, alpha: 0.5 });
  const padded = builder.add1("Expand", [builder.scalar(2)], { shape: [addExtents(rows, 1), 3] });
  const both = builder.add1("Concat", [product, padded], { axis: 0 });
  const data = new Float32Array(6000).fill(1);
  const graph = builder.finish([both, x]);
  const model = encodeModel(graph, new Map([[w.id, { dtype: "float32", shape: [2000, 3], data }]]));

  const decoded = onnxProto.onnx.ModelProto.decode(model.bytes);
  expect(onnxProto.onnx.ModelProto.verify(decoded)).toBeNull();
  expect(decoded.opsetImport?.map(({ domain, version }) => `${domain}:${version}`)).toEqual([
    ":21",
    "com.microsoft:1",
  ]);
  const shape = decoded.graph?.output?.[0]?.type?.tensorType?.shape?.dim?.map(
    (d) => d.dimParam || Number(d.dimValue),
  );
  expect(shape).toEqual(["2*rows + 1", 3]);
  expect(decoded.graph?.node?.map(({ opType }) => opType)).toContain("Gemm");
  expect(model.inputNames).toEqual([`v${x.id}`]);
  // 24 KB of weights stay outside, as the same memory.
  expect(model.external.map(({ data: bytes }) => [bytes.byteLength, bytes.buffer === data.buffer])).toEqual([
    [24_000, true],
  ]);
  expect(model.bytes.length).toBeLessThan(2000);
});

it("writes negative and large varints in two's complement of 64 bits", () => {
  const bytes = new WireWriter()
    .varint(1, -1)
    .varint(2, 2 ** 40)
    .finish();
  expect([...bytes]).toEqual([8, ...new Array<number>(9).fill(255), 1, 16, 128, 128, 128, 128, 128, 32]);
});

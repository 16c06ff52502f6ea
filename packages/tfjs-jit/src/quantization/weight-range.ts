/**
 * How large an integer a weight may be on this processor. Without VNNI, ONNX Runtime multiplies unsigned activations with
 * signed weights by VPMADDUBSW, which adds two products in 16 bits and saturates: 2 x 255 x 127 does not fit, and results
 * are wrong without a sign of it. Weights of 7 bits fit (2 x 255 x 63 = 32,130): ONNX Runtime's documents call it a reduced
 * range. Whether a processor saturates is tried, not looked up: one product of the largest numbers.
 */
import { GraphBuilder } from "../graph/builder.js";
import type { OpenSession } from "./constants-fed.js";
import { quantizeColumns } from "./int8-matrix.js";
import type { WeightRange } from "./precision.js";

/** Two products of it with 255 fit 16 bits. */
export const REDUCED: WeightRange = { largest: 63 };
const SIZE = 64;

/** @returns an empty range (the whole one) where products of the largest integers are right */
export async function weightRange(openSession: OpenSession): Promise<WeightRange> {
  const builder = new GraphBuilder();
  const x = builder.input({ dtype: "float32", shape: [SIZE, SIZE] }, { role: "argument", path: "x" });
  const ones = new Float32Array(SIZE * SIZE).fill(1);
  const weight = quantizeColumns("ones", ones, SIZE, SIZE);
  const product = builder.add1("Int8MatMul", [x], { weight, lowest: undefined, gelu: false });
  const session = await openSession({ graph: builder.finish([product]), constants: new Map() });
  try {
    const [result] = await session.run([{ dtype: "float32", shape: [SIZE, SIZE], data: ones }], []);
    const isRight = result!.data.every((value) => Math.abs(value - SIZE) < 0.01 * SIZE);
    return isRight ? {} : REDUCED;
  } finally {
    await session.dispose();
  }
}

/** Matrix products, and the two-argument reductions to scores: softmax and LayerNorm stand in `reduction.ts`. */
import { MICROSOFT } from "../../onnx/node-encoder.js";
import type { Extent } from "../extent.js";
import type { ValueType } from "../graph.js";
import {
  broadcastShapes,
  firstOutput,
  inputAt,
  invalid,
  type OpDefinition,
  requireSame,
  requireType,
} from "./definition.js";

/** Rows, inner size and columns of a product, and what each factor is batched over. */
function productShape(a: ValueType, b: ValueType, transposeA: boolean, transposeB: boolean): Extent[] {
  requireType(a, "float32");
  requireType(b, "float32");
  if (a.shape.length < 2 || b.shape.length < 2) invalid("a matrix product needs factors of rank 2 or more");
  const [a0, a1] = [a.shape.at(-2)!, a.shape.at(-1)!];
  const [b0, b1] = [b.shape.at(-2)!, b.shape.at(-1)!];
  requireSame(transposeA ? a0 : a1, transposeB ? b1 : b0, "inner sizes of a matrix product");
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return [...batch, transposeA ? a1 : a0, transposeB ? b0 : b1];
}

export const matMul: OpDefinition<"MatMul"> = {
  infer(inputs, { transposeA, transposeB }) {
    const shape = productShape(inputAt(inputs, 0), inputAt(inputs, 1), transposeA, transposeB);
    return [{ dtype: "float32", shape }];
  },
  encode(node, encoder) {
    const { transposeA, transposeB, alpha } = node.attributes;
    const inputs = node.inputs.map((value) => encoder.name(value));
    const outputs = [encoder.name(firstOutput(node))];
    if (!transposeA && !transposeB && alpha === 1) {
      encoder.add("MatMul", inputs, outputs);
      return;
    }
    const attributes = {
      transA: Number(transposeA),
      transB: Number(transposeB),
      alpha: { float: alpha },
    };
    if (node.inputs.every(({ shape }) => shape.length === 2)) {
      encoder.add("Gemm", inputs, outputs, attributes);
      return;
    }
    encoder.add("FusedMatMul", inputs, outputs, attributes, MICROSOFT);
  },
};

export const gemm: OpDefinition<"Gemm"> = {
  infer(inputs, { transposeA, transposeB }) {
    const shape = productShape(inputAt(inputs, 0), inputAt(inputs, 1), transposeA, transposeB);
    if (shape.length !== 2) invalid("Gemm takes matrices");
    const c = inputs[2];
    if (c !== undefined) broadcastShapes(c.shape, shape);
    return [{ dtype: "float32", shape }];
  },
  encode(node, encoder) {
    const { transposeA, transposeB, alpha } = node.attributes;
    encoder.add(
      "Gemm",
      node.inputs.map((value) => encoder.name(value)),
      [encoder.name(firstOutput(node))],
      { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: alpha }, beta: { float: 1 } },
    );
  },
};

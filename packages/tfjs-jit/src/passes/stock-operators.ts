/**
 * Replaces operators of the domain com.microsoft, which only ONNX Runtime has, by ONNX's own: for models that are to run
 * anywhere. ONNX Runtime fuses most of them again when it loads such a model. int8 products have no counterpart and stay.
 */
import type { Value } from "../graph/graph.js";
import type { Pass } from "./pass.js";
import { type RewriteContext, rewrite } from "./rewrite.js";
import { scalarLike } from "./scalars.js";

export const stockOperators: Pass = {
  name: "stock-operators",
  apply(graph) {
    return rewrite(graph, (node, inputs, { builder }) => {
      if (node.op === "Unary" && node.attributes.fn === "FastGelu") {
        return [builder.unary("GeluTanh", inputs[0]!)];
      }
      // Products of matrices are written as Gemm, which transposes and scales.
      if (node.op !== "MatMul" || inputs.every(({ shape }) => shape.length === 2)) return undefined;
      const { transposeA, transposeB, alpha } = node.attributes;
      if (!transposeA && !transposeB && alpha === 1) return undefined;
      const a = transposeA ? transposed(builder, inputs[0]!) : inputs[0]!;
      const b = transposeB ? transposed(builder, inputs[1]!) : inputs[1]!;
      const plain = { transposeA: false, transposeB: false, alpha: 1 };
      const product = builder.add1("MatMul", [a, b], plain);
      return [alpha === 1 ? product : builder.binary("Mul", product, scalarLike(builder, alpha, product))];
    });
  },
};

/** The last two axes exchanged. */
function transposed(builder: RewriteContext["builder"], x: Value): Value {
  const rank = x.shape.length;
  const perm = [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2];
  return builder.add1("Transpose", [x], { perm });
}

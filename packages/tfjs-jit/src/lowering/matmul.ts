/** Rules of matrix products. */
import type { GraphBuilder } from "../graph/builder.js";
import { productOf } from "../graph/extent.js";
import type { Value } from "../graph/graph.js";
import { type LoweringRule, UnsupportedUse } from "./kernels.js";

function product(b: GraphBuilder, x: Value, y: Value, transposeA: boolean, transposeB: boolean): Value {
  if (x.dtype !== "float32" || y.dtype !== "float32") {
    throw new UnsupportedUse(`a product of ${x.dtype} and ${y.dtype} matrices`, "cast both to float32");
  }
  return b.add1("MatMul", [x, y], { transposeA, transposeB, alpha: 1 });
}

export const batchMatMul: LoweringRule<"BatchMatMul"> = {
  onnx: ["MatMul", "Gemm", "FusedMatMul"],
  limits: "float32",
  lower: (b, { a, b: other }, { transposeA, transposeB }) => product(b, a, other, transposeA, transposeB),
};

export const fusedMatMul: LoweringRule<"_FusedMatMul"> = {
  onnx: ["MatMul", "Add", "Relu", "Sigmoid", "Min", "Exp", "Sub", "GreaterOrEqual", "Where"],
  limits: "activations linear, relu, relu6, elu, sigmoid",
  lower(b, { a, b: other, bias }, { transposeA, transposeB, activation }) {
    const plain = product(b, a, other, transposeA, transposeB);
    const x = bias === undefined ? plain : b.binary("Add", plain, bias);
    switch (activation) {
      case "linear":
      case undefined:
      case null:
        return x;
      case "relu":
        return b.unary("Relu", x);
      case "sigmoid":
        return b.unary("Sigmoid", x);
      case "relu6":
        return b.binary("Min", b.unary("Relu", x), b.scalar(6));
      case "elu": {
        const below = b.binary("Sub", b.unary("Exp", x), b.scalar(1));
        return b.where(b.compare("GreaterOrEqual", x, b.scalar(0)), x, below);
      }
      default:
        throw new UnsupportedUse(`activation ${activation}`, "apply the activation as an op of its own");
    }
  },
};

/**
 * One or two operands: summed axes of one operand first, then a batched matrix product over
 * [shared and kept | own | summed] axes.
 */
export const einsum: LoweringRule<"Einsum"> = {
  onnx: ["ReduceSum", "Transpose", "Reshape", "MatMul"],
  limits: "one or two operands, no ellipsis, no repeated letter within one operand",
  lower(b, inputs, { equation }) {
    const [left = "", right = ""] = equation.replace(/\s/g, "").split("->");
    const letters = left.split(",").map((part) => [...part]);
    const repeated = letters.some((part) => new Set(part).size !== part.length);
    if (inputs.length > 2 || repeated || equation.includes(".")) {
      throw new UnsupportedUse(`the equation ${equation}`, "split it into einsums of two operands");
    }
    const output = [...right];
    const sizes = new Map(
      letters.flatMap((part, i) => part.map((c, k) => [c, inputs[i]!.shape[k]!] as const)),
    );
    const operands = inputs.map((x, i) => {
      const own = letters[i]!;
      const others = new Set([...output, ...letters.filter((_, k) => k !== i).flat()]);
      const summed = own.flatMap((c, axis) => (others.has(c) ? [] : [axis]));
      return { x: b.reduce("ReduceSum", x, summed), letters: own.filter((c) => others.has(c)) };
    });
    const [first, second] = operands;
    if (first === undefined) throw new UnsupportedUse("an einsum without operands", "give it one or two");
    const permute = (x: Value, from: readonly string[], to: readonly string[]): Value =>
      b.transpose(
        x,
        to.map((c) => from.indexOf(c)),
      );
    if (second === undefined) return permute(first.x, first.letters, output);
    const both = first.letters.filter((c) => second.letters.includes(c));
    const batch = both.filter((c) => output.includes(c));
    const summed = both.filter((c) => !output.includes(c));
    const ownA = first.letters.filter((c) => !both.includes(c));
    const ownB = second.letters.filter((c) => !both.includes(c));
    const shape = (...groups: readonly (readonly string[])[]) =>
      groups.map((group) => productOf(group.map((c) => sizes.get(c)!)));
    const a3 = b.reshape(
      permute(first.x, first.letters, [...batch, ...ownA, ...summed]),
      shape(batch, ownA, summed),
    );
    const b3 = b.reshape(
      permute(second.x, second.letters, [...batch, ...summed, ...ownB]),
      shape(batch, summed, ownB),
    );
    const result = [...batch, ...ownA, ...ownB];
    const flat = product(b, a3, b3, false, false);
    return permute(
      b.reshape(
        flat,
        result.map((c) => sizes.get(c)!),
      ),
      result,
      output,
    );
  },
};

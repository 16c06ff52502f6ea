/** Turns a product of matrices with a bias added into one Gemm, which adds while it writes the product. */
import type { Pass } from "./pass.js";
import { rewrite } from "./rewrite.js";

export const biasIntoGemm: Pass = {
  name: "bias-into-gemm",
  apply(graph) {
    return rewrite(graph, (node, inputs, { builder }) => {
      if (node.op !== "Binary" || node.attributes.fn !== "Add") return undefined;
      for (const [product, other] of [
        [0, 1],
        [1, 0],
      ] as const) {
        const matmul = builder.producer(inputs[product]!);
        const bias = inputs[other]!;
        if (matmul?.op !== "MatMul" || matmul.inputs.some(({ shape }) => shape.length !== 2)) continue;
        if (bias.shape.length !== 1) continue;
        return builder.add("Gemm", [...matmul.inputs, bias], matmul.attributes);
      }
      return undefined;
    });
  },
};

/** Moves a scalar factor of a product, or of one of its factors, into the product's own `alpha`, which is free. */
import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";
import type { Pass } from "./pass.js";
import { rewrite } from "./rewrite.js";
import { uniformValue } from "./scalars.js";

export const matmulScale: Pass = {
  name: "matmul-scale",
  apply(graph) {
    return rewrite(graph, (node, inputs, { builder }) => {
      if (node.op === "MatMul") {
        const scaled = inputs.map((input) => scaledBy(builder, input));
        if (scaled.every((s) => s === undefined)) return undefined;
        const factors = inputs.map((input, i) => scaled[i]?.x ?? input);
        const alpha = scaled.reduce((product, s) => product * (s?.factor ?? 1), node.attributes.alpha);
        return builder.add("MatMul", factors, { ...node.attributes, alpha });
      }
      if (node.op !== "Binary" || node.attributes.fn !== "Mul") return undefined;
      for (const [product, other] of [
        [0, 1],
        [1, 0],
      ] as const) {
        const factor = uniformValue(builder, inputs[other]!);
        const before = builder.producer(inputs[product]!);
        if (factor === undefined || before?.op !== "MatMul") continue;
        return builder.add("MatMul", before.inputs, {
          ...before.attributes,
          alpha: before.attributes.alpha * factor,
        });
      }
      return undefined;
    });
  },
};

/** x and factor, where a value is `x * factor`. The unscaled x is there in any case, so it may have other uses. */
function scaledBy(builder: GraphBuilder, value: Value): { x: Value; factor: number } | undefined {
  const node = builder.producer(value);
  if (node?.op !== "Binary" || node.attributes.fn !== "Mul") return undefined;
  const [a, b] = [node.inputs[0]!, node.inputs[1]!];
  const factor = uniformValue(builder, b) ?? uniformValue(builder, a);
  if (factor === undefined) return undefined;
  const x = uniformValue(builder, b) === undefined ? b : a;
  return x.shape.length === value.shape.length ? { x, factor } : undefined;
}

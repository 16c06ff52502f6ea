/**
 * A sum of squares in one pass over memory: norms of gradients read every one of them. Where an optimizer needs the
 * squares too, it makes them itself, piece by piece (chunk-updates), rather than find them in memory.
 */

import { operandsOf } from "./match.js";
import type { Pass } from "./pass.js";
import { rewrite } from "./rewrite.js";

export const sumOfSquares: Pass = {
  name: "sum-of-squares",
  apply(graph) {
    return rewrite(graph, (node, inputs, { builder }) => {
      if (node.op !== "Reduce" || node.attributes.fn !== "ReduceSum") return undefined;
      const factors = operandsOf(builder, inputs[0]!, "Mul");
      if (factors === undefined || factors[0].id !== factors[1].id) return undefined;
      return builder.add("Reduce", [factors[0]], { ...node.attributes, fn: "ReduceSumSquare" });
    });
  },
};

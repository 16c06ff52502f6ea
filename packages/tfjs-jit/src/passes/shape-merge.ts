/** Joins neighbouring reshapes and transposes into one, and drops those that change nothing. */
import { sameShape } from "../graph/extent.js";
import type { Pass } from "./pass.js";
import { rewrite } from "./rewrite.js";

export const shapeMerge: Pass = {
  name: "shape-merge",
  apply(graph) {
    return rewrite(graph, (node, inputs, { builder }) => {
      const x = inputs[0];
      if (x === undefined) return undefined;
      const before = builder.producer(x);
      switch (node.op) {
        case "Reshape": {
          const source = before?.op === "Reshape" ? before.inputs[0]! : x;
          if (sameShape(source.shape, node.attributes.shape)) return [source];
          return [builder.reshape(source, node.attributes.shape)];
        }
        case "Expand":
          return sameShape(x.shape, node.outputs[0]!.shape) ? [x] : undefined;
        case "Transpose": {
          if (before?.op !== "Transpose") return undefined;
          const perm = node.attributes.perm.map((axis) => before.attributes.perm[axis]!);
          return [builder.transpose(before.inputs[0]!, perm)];
        }
        default:
          return undefined;
      }
    });
  },
};

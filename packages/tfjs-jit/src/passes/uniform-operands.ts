/**
 * Lets elementwise operators broadcast by themselves: an operand that is a smaller one expanded is used as it was
 * before. Gradients of sums and means multiply by ones of the size of the activations, which end here as scalars.
 */

import type { GraphBuilder } from "../graph/builder.js";
import type { Extent } from "../graph/extent.js";
import { sameShape } from "../graph/extent.js";
import type { AnyNode, Value } from "../graph/graph.js";
import { broadcastShapes } from "../graph/ops/definition.js";
import type { Pass } from "./pass.js";
import { copyNode, rewrite } from "./rewrite.js";
import { scalarLike, uniformValue } from "./scalars.js";

export const uniformOperands: Pass = {
  name: "uniform-operands",
  apply(graph) {
    return rewrite(graph, (node, inputs, { builder }) => {
      switch (node.op) {
        case "Binary":
        case "Compare":
        case "Where":
        case "Logical":
          return [
            smallThenExpanded(builder, node, inputs) ??
              copyNode(builder, node, unexpanded(builder, inputs, node.outputs[0]!.shape))[0]!,
          ];
        case "Tile":
        case "Transpose":
        case "Reshape": {
          // A uniform tensor stays a scalar, expanded, whatever is done to its shape.
          const value = uniformValue(builder, inputs[0]!);
          if (value === undefined || inputs[0]!.shape.length === 0) return undefined;
          const output = node.outputs[0]!;
          return builder.add("Expand", [scalarLike(builder, value, output)], { shape: output.shape });
        }
        default:
          return undefined;
      }
    });
  },
};

/** Where every operand is expanded: the operator on the small ones, its result expanded. */
function smallThenExpanded(
  builder: GraphBuilder,
  node: AnyNode,
  operands: readonly Value[],
): Value | undefined {
  const { shape } = node.outputs[0]!;
  const small = operands.map((operand) => beforeExpansion(builder, operand) ?? operand);
  const result = small.reduce<Extent[]>((a, b) => broadcastShapes(a, b.shape), []);
  if (sameShape(result, shape)) return undefined;
  return builder.add1("Expand", copyNode(builder, node, small), { shape });
}

/** The operands with every expansion left out that broadcasting to `shape` makes unnecessary. */
function unexpanded(builder: GraphBuilder, operands: readonly Value[], shape: readonly Extent[]): Value[] {
  const result = [...operands];
  operands.forEach((operand, i) => {
    const smaller = beforeExpansion(builder, operand);
    if (smaller === undefined) return;
    const others = result.map((other, k) => (k === i ? smaller : other).shape);
    if (
      sameShape(
        others.reduce<Extent[]>((a, b) => broadcastShapes(a, b), []),
        shape,
      )
    )
      result[i] = smaller;
  });
  return result;
}

function beforeExpansion(builder: GraphBuilder, value: Value): Value | undefined {
  const uniform = uniformValue(builder, value);
  if (uniform !== undefined && value.shape.length > 0) return scalarLike(builder, uniform, value);
  const node = builder.producer(value);
  return node?.op === "Expand" ? node.inputs[0] : undefined;
}

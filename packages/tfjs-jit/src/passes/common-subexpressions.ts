/** Computes equal things once: nodes of one operator with equal attributes and inputs become one. */
import type { AnyNode, Value } from "../graph/graph.js";
import { attributeValue } from "../graph/print.js";
import type { Pass } from "./pass.js";
import { copyNode, rewrite } from "./rewrite.js";

export const commonSubexpressions: Pass = {
  name: "common-subexpressions",
  apply(graph) {
    const seen = new Map<string, readonly Value[]>();
    return rewrite(graph, (node, inputs, { builder }) => {
      const key = keyOf(node, inputs);
      if (key === undefined) return undefined;
      const known = seen.get(key);
      if (known !== undefined) return known;
      const outputs = copyNode(builder, node, inputs);
      seen.set(key, outputs);
      return outputs;
    });
  },
};

function keyOf(node: AnyNode, inputs: readonly Value[]): string | undefined {
  const from = inputs.map(({ id }) => id).join();
  if (node.op !== "Constant") {
    const attributes = Object.entries(node.attributes).map(
      ([key, value]) => `${key}:${attributeValue(value)}`,
    );
    return `${node.op}(${from})${attributes.join()}`;
  }
  const { dtype, shape, data } = node.attributes.tensor;
  // Comparing large constants costs more than it saves; they are rarely equal.
  if (data.length > 16) return undefined;
  return `${dtype}[${shape}]{${[...data].map((x) => (Object.is(x, -0) ? "-0" : x))}}`;
}

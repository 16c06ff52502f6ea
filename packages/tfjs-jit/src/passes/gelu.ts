/**
 * GELU in its tanh form, `x/2 · (1 + tanh(√(2/π)(x + 0.044715x³)))`, as com.microsoft FastGelu: one pass over memory
 * where there were nine. Not where a gradient needs `1 + tanh` as well: there it would be computed twice.
 */
import type { Value } from "../graph/graph.js";
import { factorsOf, isNear, operandOf, operandsOf, withScalar } from "./match.js";
import type { Pass } from "./pass.js";
import { rewrite } from "./rewrite.js";
import type { Producers } from "./scalars.js";

const RATE = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

export const gelu: Pass = {
  name: "gelu",
  apply(graph) {
    return rewrite(graph, (node, _, { builder, old, renamed }) => {
      if (node.op !== "Binary" || node.attributes.fn !== "Mul") return undefined;
      const found = matchGelu(old, node.outputs[0]!);
      if (found === undefined || old.uses(found.onePlusTanh) > 1) return undefined;
      return [builder.unary("FastGelu", renamed(found.x))];
    });
  },
};

/** x, and the sum that a gradient may need too. */
export function matchGelu(graph: Producers, value: Value): { x: Value; onePlusTanh: Value } | undefined {
  const { scalar, factors } = factorsOf(graph, value);
  if (!isNear(scalar, 0.5) || factors.length !== 2) return undefined;
  for (const [x, onePlusTanh] of [factors, factors.toReversed()] as [Value, Value][]) {
    if (isOnePlusTanh(graph, onePlusTanh, x)) return { x, onePlusTanh };
  }
  return undefined;
}

export function isOnePlusTanh(graph: Producers, value: Value, x: Value): boolean {
  const sum = withScalar(graph, operandsOf(graph, value, "Add"));
  if (sum?.scalar !== 1) return false;
  const argument = operandOf(graph, sum.x, "Tanh");
  if (argument === undefined) return false;
  const { scalar, factors } = factorsOf(graph, argument);
  const [inner] = factors;
  if (!isNear(scalar, RATE) || factors.length !== 1 || inner === undefined) return false;
  const terms = operandsOf(graph, inner, "Add");
  if (terms === undefined) return false;
  const [linear, cube] = terms[0].id === x.id ? terms : [terms[1], terms[0]];
  return linear.id === x.id && isCube(graph, cube, x);
}

function isCube(graph: Producers, value: Value, x: Value): boolean {
  const { scalar, factors } = factorsOf(graph, value);
  if (!isNear(scalar, CUBIC)) return false;
  const [only] = factors;
  if (factors.length === 1 && only !== undefined) {
    const power = withScalar(graph, operandsOf(graph, only, "Pow"));
    return power?.scalar === 3 && power.x.id === x.id;
  }
  return factors.length === 3 && factors.every(({ id }) => id === x.id);
}

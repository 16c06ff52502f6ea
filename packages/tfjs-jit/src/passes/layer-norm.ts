/**
 * LayerNorm as one operator. `(x - mean) / sqrt(variance + epsilon)` becomes LayerNormalization with gain 1 and bias 0,
 * whose second result 1/deviation also serves the gradient; gain and bias that follow become those of a
 * LayerNormalization of their own. Two passes over memory where there were seven.
 */
import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";
import { meanOverLast, operandOf, operandsOf, withScalar } from "./match.js";
import type { Pass } from "./pass.js";
import { type RewriteContext, rewrite } from "./rewrite.js";
import { type Producers, uniformValue } from "./scalars.js";

export const layerNorm: Pass = {
  name: "layer-norm",
  apply(graph) {
    return rewrite(graph, (node, inputs, context) => {
      if (node.op !== "Binary") return undefined;
      switch (node.attributes.fn) {
        case "Div":
          return standardised(node.inputs, context) ?? timesReciprocal(context.builder, inputs);
        case "Add":
          return withGainAndBias(context.builder, inputs);
        default:
          return undefined;
      }
    });
  },
};

/** The pattern is looked for in the old graph: in the new one its deviation may have been replaced already. */
function standardised(operands: readonly Value[], context: RewriteContext): readonly Value[] | undefined {
  const { old, builder } = context;
  const [centred, deviation] = [operands[0]!, operands[1]!];
  const width = centred.shape.at(-1);
  const found = matchDeviation(old, centred, deviation);
  if (found === undefined || typeof width !== "number") return undefined;
  const filled = (value: number): Value =>
    builder.constant({ dtype: "float32", shape: [width], data: new Float32Array(width).fill(value) });
  const [normal, , inverse] = builder.add("LayerNorm", [context.renamed(found.x), filled(1), filled(0)], {
    epsilon: found.epsilon,
  });
  // Whatever else divides by the deviation, as gradients do, multiplies with its inverse.
  context.rename(deviation, builder.unary("Reciprocal", inverse!));
  return [normal!];
}

/** x and epsilon, when `centred` is x - mean(x) and `deviation` sqrt(mean(centred²) + epsilon). */
function matchDeviation(
  graph: Producers,
  centred: Value,
  deviation: Value,
): { x: Value; epsilon: number } | undefined {
  const difference = operandsOf(graph, centred, "Sub");
  if (difference === undefined || meanOverLast(graph, difference[1])?.id !== difference[0].id)
    return undefined;
  const root = operandOf(graph, deviation, "Sqrt");
  const sum = root && withScalar(graph, operandsOf(graph, root, "Add"));
  const squares = sum && meanOverLast(graph, sum.x);
  const factors = squares && operandsOf(graph, squares, "Mul");
  if (sum === undefined || factors === undefined || factors.some(({ id }) => id !== centred.id))
    return undefined;
  return { x: difference[0], epsilon: sum.scalar };
}

function timesReciprocal(builder: GraphBuilder, [a, b]: readonly Value[]): readonly Value[] | undefined {
  const inverse = operandOf(builder, b!, "Reciprocal");
  const isDeviation = inverse !== undefined && builder.producer(inverse)?.op === "LayerNorm";
  return isDeviation ? [builder.binary("Mul", a!, inverse)] : undefined;
}

function withGainAndBias(builder: GraphBuilder, operands: readonly Value[]): readonly Value[] | undefined {
  for (const [scaled, bias] of [operands, operands.toReversed()] as [Value, Value][]) {
    const factors = operandsOf(builder, scaled, "Mul");
    if (factors === undefined || bias.shape.length !== 1) continue;
    for (const [normal, gain] of [factors, [factors[1], factors[0]] as const]) {
      const node = builder.producer(normal);
      const plain =
        node?.op === "LayerNorm" && node.outputs[0]!.id === normal.id && uniformGain(builder, node.inputs);
      if (
        !plain ||
        gain.shape.length !== 1 ||
        gain.shape[0] !== normal.shape.at(-1) ||
        bias.shape[0] !== gain.shape[0]
      )
        continue;
      return [builder.add("LayerNorm", [node.inputs[0]!, gain, bias], node.attributes)[0]!];
    }
  }
  return undefined;
}

function uniformGain(builder: GraphBuilder, [, gain, bias]: readonly Value[]): boolean {
  const isFilled = (value: Value, by: number): boolean => {
    const node = builder.producer(value);
    if (node?.op !== "Constant") return uniformValue(builder, value) === by;
    return node.attributes.tensor.data.every((x) => x === by);
  };
  return isFilled(gain!, 1) && isFilled(bias!, 0);
}

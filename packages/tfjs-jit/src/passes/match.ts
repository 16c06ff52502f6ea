/** Small questions about what makes a value, which patterns are put together from. */
import type { BinaryFunction, UnaryFunction, Value } from "../graph/graph.js";
import { type Producers, uniformValue } from "./scalars.js";

/** The operands, when a value is such a product, sum, ... */
export function operandsOf(
  graph: Producers,
  value: Value,
  fn: BinaryFunction,
): readonly [Value, Value] | undefined {
  const node = graph.producer(value);
  if (node?.op !== "Binary" || node.attributes.fn !== fn) return undefined;
  return [node.inputs[0]!, node.inputs[1]!];
}

/** The operand, when a value is that function of one. */
export function operandOf(graph: Producers, value: Value, fn: UnaryFunction): Value | undefined {
  const node = graph.producer(value);
  return node?.op === "Unary" && node.attributes.fn === fn ? node.inputs[0] : undefined;
}

/** What is averaged, when a value is a mean over the last axis, kept with size 1. */
export function meanOverLast(graph: Producers, value: Value): Value | undefined {
  const node = graph.producer(value);
  if (node?.op !== "Reduce") return undefined;
  const { fn, axes, keepDims } = node.attributes;
  const x = node.inputs[0]!;
  return fn === "ReduceMean" && keepDims && axes.length === 1 && axes[0] === x.shape.length - 1
    ? x
    : undefined;
}

/** Operands as (value, number), when one of them is a number: both sums and products may have it on either side. */
export function withScalar(
  graph: Producers,
  operands: readonly [Value, Value] | undefined,
): { readonly x: Value; readonly scalar: number } | undefined {
  if (operands === undefined) return undefined;
  const [a, b] = operands;
  const q = uniformValue(graph, b);
  if (q !== undefined) return { x: a, scalar: q };
  const p = uniformValue(graph, a);
  return p === undefined ? undefined : { x: b, scalar: p };
}

/** A product taken apart: its scalar factor and the others, through nested products and negations. */
export function factorsOf(graph: Producers, value: Value): { scalar: number; factors: Value[] } {
  const uniform = uniformValue(graph, value);
  if (uniform !== undefined) return { scalar: uniform, factors: [] };
  const negated = operandOf(graph, value, "Neg");
  if (negated !== undefined) {
    const inner = factorsOf(graph, negated);
    return { ...inner, scalar: -inner.scalar };
  }
  const operands = operandsOf(graph, value, "Mul");
  if (operands === undefined) return { scalar: 1, factors: [value] };
  const [a, b] = operands.map((operand) => factorsOf(graph, operand)) as [
    ReturnType<typeof factorsOf>,
    ReturnType<typeof factorsOf>,
  ];
  return { scalar: a.scalar * b.scalar, factors: [...a.factors, ...b.factors] };
}

/** Equal to float32 rounding. */
export function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-6 * Math.abs(b);
}

/**
 * Computes with scalars now instead of at every run, and joins chains of scalar factors: x·1, x+0, (x·a)·b, -(x·a),
 * a + (-b). Products are rounded once instead of twice; nothing that could be infinite or NaN is dropped.
 */
import type { GraphBuilder } from "../graph/builder.js";
import type { AnyNode, BinaryFunction, UnaryFunction, Value } from "../graph/graph.js";
import type { Pass } from "./pass.js";
import { rewrite } from "./rewrite.js";
import { expandTo, scalarLike, uniformValue } from "./scalars.js";

export const scalarAlgebra: Pass = {
  name: "scalar-algebra",
  apply(graph) {
    return rewrite(graph, (node, inputs, { builder }) => {
      const result = simplify(builder, node, inputs);
      return result === undefined ? undefined : [expandTo(builder, result, node.outputs[0]!)];
    });
  },
};

function simplify(builder: GraphBuilder, node: AnyNode, inputs: readonly Value[]): Value | undefined {
  if (node.outputs[0]?.dtype !== "float32") return undefined;
  if (node.op === "Unary") return simplifyUnary(builder, node.attributes.fn, inputs[0]!);
  if (node.op === "Binary") return simplifyBinary(builder, node.attributes.fn, inputs[0]!, inputs[1]!);
  return undefined;
}

function simplifyUnary(builder: GraphBuilder, fn: UnaryFunction, x: Value): Value | undefined {
  const constant = uniformValue(builder, x);
  const compute = COMPUTED[fn];
  if (constant !== undefined && compute !== undefined) return scalarLike(builder, compute(constant), x);
  if (fn !== "Neg") return undefined;
  const scaled = asScaled(builder, x);
  return scaled === undefined ? undefined : scale(builder, scaled.x, -scaled.factor);
}

function simplifyBinary(builder: GraphBuilder, fn: BinaryFunction, a: Value, b: Value): Value | undefined {
  const [p, q] = [uniformValue(builder, a), uniformValue(builder, b)];
  if (p !== undefined && q !== undefined) return scalarLike(builder, compute(fn, p, q), a);
  switch (fn) {
    case "Mul":
      if (q !== undefined) return scale(builder, a, q);
      if (p !== undefined) return scale(builder, b, p);
      return moveFactor(builder, a, b);
    case "Div":
      // A reciprocal that is exact, or a factor that joins others: otherwise division rounds better.
      return q !== undefined && q !== 0 ? scale(builder, a, 1 / q) : undefined;
    case "Add": {
      if (q === 0) return a;
      if (p === 0) return b;
      const [negA, negB] = [negated(builder, a), negated(builder, b)];
      if (negB !== undefined) return builder.binary("Sub", a, negB);
      return negA === undefined ? undefined : builder.binary("Sub", b, negA);
    }
    case "Sub": {
      if (q === 0) return a;
      const negB = negated(builder, b);
      return negB === undefined ? undefined : builder.binary("Add", a, negB);
    }
    case "Pow":
      if (q === 1) return a;
      return q === 2 ? builder.binary("Mul", a, a) : undefined;
    default:
      return undefined;
  }
}

/** `x * factor`, joined with a factor that x already has. */
function scale(builder: GraphBuilder, x: Value, factor: number): Value {
  const scaled = asScaled(builder, x);
  const total = Math.fround(factor * (scaled?.factor ?? 1));
  const base = scaled?.x ?? x;
  if (total === 1) return base;
  const expanded = builder.producer(base);
  if (expanded?.op === "Expand") {
    // The small tensor is scaled, not the large one made of it.
    return builder.add1("Expand", [scale(builder, expanded.inputs[0]!, total)], expanded.attributes);
  }
  if (total === -1) return builder.unary("Neg", base);
  return builder.binary("Mul", base, scalarLike(builder, total, x));
}

/** A scalar factor of the larger of two factors moves to the smaller one, where it costs less. */
function moveFactor(builder: GraphBuilder, a: Value, b: Value): Value | undefined {
  const [small, large] = isSmaller(a, b) ? [a, b] : isSmaller(b, a) ? [b, a] : [undefined, undefined];
  if (small === undefined) return undefined;
  const scaled = asScaled(builder, large);
  return scaled === undefined
    ? undefined
    : builder.binary("Mul", scaled.x, scale(builder, small, scaled.factor));
}

/** Surely fewer elements: `a` is broadcast along some axis of `b`, and `b` along none of `a`. */
function isSmaller(a: Value, b: Value): boolean {
  const offset = b.shape.length - a.shape.length;
  if (offset < 0) return false;
  const pairs = a.shape.map((extent, i) => [extent, b.shape[i + offset]!] as const);
  return (
    (offset > 0 || pairs.some(([x, y]) => x === 1 && y !== 1)) && pairs.every(([x, y]) => x === 1 || y !== 1)
  );
}

/** x and its scalar factor, when a value is such a product. */
function asScaled(builder: GraphBuilder, value: Value): { x: Value; factor: number } | undefined {
  const node = builder.producer(value);
  if (node?.op === "Unary" && node.attributes.fn === "Neg") return { x: node.inputs[0]!, factor: -1 };
  if (node?.op !== "Binary" || node.attributes.fn !== "Mul") return undefined;
  const [a, b] = [node.inputs[0]!, node.inputs[1]!];
  const [p, q] = [uniformValue(builder, a), uniformValue(builder, b)];
  if (q !== undefined && sizeKept(a, value)) return { x: a, factor: q };
  if (p !== undefined && sizeKept(b, value)) return { x: b, factor: p };
  return undefined;
}

/** The scalar factor did not broadcast the other one to a higher rank. */
function sizeKept(x: Value, product: Value): boolean {
  return x.shape.length === product.shape.length;
}

function negated(builder: GraphBuilder, value: Value): Value | undefined {
  const node = builder.producer(value);
  return node?.op === "Unary" && node.attributes.fn === "Neg" ? node.inputs[0] : undefined;
}

/** Each result is rounded to float32 when it is stored, as the operator would. */
function compute(fn: BinaryFunction, a: number, b: number): number {
  switch (fn) {
    case "Add":
      return a + b;
    case "Sub":
      return a - b;
    case "Mul":
      return a * b;
    case "Div":
      return a / b;
    case "Pow":
      return a ** b;
    case "Max":
      return Math.max(a, b);
    case "Min":
      return Math.min(a, b);
    case "Mod":
      return a % b;
  }
}

const COMPUTED: { readonly [F in UnaryFunction]?: (x: number) => number } = {
  Neg: (x) => -x,
  Sqrt: Math.sqrt,
  Reciprocal: (x) => 1 / x,
  Exp: Math.exp,
  Log: Math.log,
  Abs: Math.abs,
};

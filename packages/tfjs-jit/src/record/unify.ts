/**
 * Makes one graph with symbolic sizes of two recordings with different placeholder sizes. They must be the same node
 * for node; numbers that differ must be expressions of the dimensions. Anything else is refused: it would be silently
 * wrong at every size but the recorded one.
 */
import { JitError } from "../errors.js";
import { GraphBuilder } from "../graph/builder.js";
import { type Extent, isSymbolic, sameShape, shapeKey } from "../graph/extent.js";
import type { AnyNode, Graph, GraphInput, OpAttributes, OpName, Value } from "../graph/graph.js";
import { OPS } from "../graph/ops/table.js";
import type { HostTensor } from "../host-tensor.js";
import type { SizeFinder } from "./placeholder-sizes.js";

/** @throws {JitError} SYMBOLIC_DIMENSION */
export function unify(first: Graph, second: Graph, finder: SizeFinder, name: string): Graph {
  const fail = (where: string, what: string): never => {
    throw new JitError(
      "SYMBOLIC_DIMENSION",
      `${name}, recorded twice with different sizes: ${where} ${what}`,
    );
  };
  if (first.nodes.length !== second.nodes.length || first.inputs.length !== second.inputs.length) {
    const at = first.nodes.findIndex((node, i) => node.op !== second.nodes[i]?.op);
    fail(
      first.nodes[at]?.source ?? "the end of the function",
      "is reached in only one of them; which ops are called may not depend on a symbolic size (loops over it, ifs on it)",
    );
  }
  const builder = new GraphBuilder();
  const values = new Map<number, Value>();
  const extentOf = (a: Extent, b: Extent, where: string): Extent => {
    if (isSymbolic(a) || isSymbolic(b)) return fail(where, "already has symbolic sizes");
    if (a === b) return a;
    return (
      finder.integer(a, b) ??
      fail(
        where,
        `has the sizes ${a} and ${b}, which is no product or simple sum of symbolic dimensions; give it a dimension of its own`,
      )
    );
  };
  const shapeOf = (a: readonly Extent[], b: readonly Extent[], where: string): Extent[] =>
    a.map((extent, i) => extentOf(extent, b[i] ?? Number.NaN, where));

  first.inputs.forEach((input, i) => {
    const other = second.inputs[i]!;
    if (!sameSource(input, other)) fail(input.path, "differs between them");
    const shape = shapeOf(input.value.shape, other.value.shape, input.path);
    const { value, ...declaration } = input;
    values.set(value.id, builder.input({ dtype: value.dtype, shape }, declaration));
  });
  first.nodes.forEach((node, i) => {
    const other = second.nodes[i]!;
    builder.source = node.source;
    const sameInputs =
      node.inputs.length === other.inputs.length && node.inputs.every((x, k) => x.id === other.inputs[k]?.id);
    if (node.op !== other.op || !sameInputs) {
      fail(node.source, "is followed by other ops; which ops are called may not depend on a symbolic size");
    }
    const inputs = node.inputs.map((x) => values.get(x.id)!);
    const outputs = merge(builder, node, other, inputs, { finder, extentOf, fail });
    node.outputs.forEach((output, k) => {
      const expected = shapeOf(output.shape, other.outputs[k]?.shape ?? [], node.source);
      if (!sameShape(expected, outputs[k]!.shape)) {
        fail(node.source, `gives ${shapeKey(outputs[k]!.shape)} where ${shapeKey(expected)} was recorded`);
      }
      values.set(output.id, outputs[k]!);
    });
  });
  return builder.finish(first.outputs.map((output) => values.get(output.id)!));
}

interface Merge {
  readonly finder: SizeFinder;
  extentOf(a: Extent, b: Extent, where: string): Extent;
  fail(where: string, what: string): never;
}

function merge(
  builder: GraphBuilder,
  node: AnyNode,
  other: AnyNode,
  inputs: readonly Value[],
  tools: Merge,
): readonly Value[] {
  if (node.op === "Constant" && other.op === "Constant") {
    return [mergeConstants(builder, node.attributes.tensor, other.attributes.tensor, tools)];
  }
  const symbolic: readonly string[] = OPS[node.op].symbolic ?? [];
  const attributes = mergeAttributes(node.attributes, other.attributes, symbolic, node.source, tools);
  // Attributes keep their type: numbers become extents only where the operator allows them.
  return builder.add<OpName>(node.op, inputs, attributes as OpAttributes[OpName]);
}

function mergeAttributes(
  a: object,
  b: object,
  symbolic: readonly string[],
  where: string,
  tools: Merge,
): object {
  const others = new Map(Object.entries(b));
  const mergeValue = (key: string, x: unknown, y: unknown): unknown => {
    if (Array.isArray(x) && Array.isArray(y) && x.length === y.length) {
      return x.map((item, i) => mergeValue(key, item, y[i]));
    }
    if (Object.is(x, y)) return x;
    if (typeof x === "number" && typeof y === "number" && symbolic.includes(key))
      return tools.extentOf(x, y, where);
    return tools.fail(where, `has an attribute (${key}) that depends on a symbolic size`);
  };
  return Object.fromEntries(Object.entries(a).map(([key, x]) => [key, mergeValue(key, x, others.get(key))]));
}

function mergeConstants(builder: GraphBuilder, a: HostTensor, b: HostTensor, tools: Merge): Value {
  const sameSize = a.dtype === b.dtype && a.data.length === b.data.length;
  if (sameSize && a.data.every((x, i) => Object.is(x, b.data[i]))) return builder.constant(a);
  const [x, y] = [a.data[0], b.data[0]];
  if (sameSize && a.data.length === 1 && a.dtype !== "bool" && x !== undefined && y !== undefined) {
    const found = tools.finder.real(x, y);
    if (found !== undefined) {
      const scalar = builder.add1("Size", [], { ...found, dtype: a.dtype });
      return a.shape.length === 0 ? scalar : builder.reshape(scalar, a.shape);
    }
  }
  return tools.fail(
    "a constant",
    sameSize && tools.finder.sizes[0].size === 0
      ? "has other values the second time; random numbers are drawn in JavaScript and would be frozen: use RandomSource"
      : "made in JavaScript depends on a symbolic size or is random; compute it with tensor ops (tf.range, tf.fill, tf.less), " +
          "pass it as an argument, or use RandomSource for dropout",
  );
}

function sameSource(a: GraphInput, b: GraphInput): boolean {
  if (a.role !== b.role || a.path !== b.path || a.value.shape.length !== b.value.shape.length) return false;
  return a.role !== "mask" || (b.role === "mask" && a.random === b.random && a.rate === b.rate);
}

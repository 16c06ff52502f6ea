/** Operators that join the elements along axes. */
import type { Extent } from "../extent.js";
import type { ValueType } from "../graph.js";
import {
  checkAxis,
  firstOutput,
  inputAt,
  invalid,
  type OpDefinition,
  requireSame,
  requireType,
} from "./definition.js";

function withoutAxes(shape: readonly Extent[], axes: readonly number[], keepDims: boolean): Extent[] {
  for (const axis of axes) checkAxis(axis, shape.length);
  return keepDims
    ? shape.map((extent, i) => (axes.includes(i) ? 1 : extent))
    : shape.filter((_, i) => !axes.includes(i));
}

export const reduce: OpDefinition<"Reduce"> = {
  infer(inputs, { axes, keepDims }) {
    const x = inputAt(inputs, 0);
    requireType(x, "float32", "int32");
    return [{ dtype: x.dtype, shape: withoutAxes(x.shape, axes, keepDims) }];
  },
  encode(node, encoder) {
    const { fn, axes, keepDims } = node.attributes;
    encoder.add(
      fn,
      [encoder.name(node.inputs[0]!), encoder.constant("int64", axes)],
      [encoder.name(firstOutput(node))],
      // No axes means none, not all of them.
      { keepdims: Number(keepDims), noop_with_empty_axes: 1 },
    );
  },
};

function inferSoftmax(inputs: readonly ValueType[], { axis }: { readonly axis: number }): ValueType[] {
  const x = inputAt(inputs, 0);
  requireType(x, "float32");
  checkAxis(axis, x.shape.length);
  return [x];
}

export const softmax: OpDefinition<"Softmax"> = {
  infer: inferSoftmax,
  encode(node, encoder) {
    encoder.add(
      "Softmax",
      [encoder.name(node.inputs[0]!)],
      [encoder.name(firstOutput(node))],
      node.attributes,
    );
  },
};

export const cumSum: OpDefinition<"CumSum"> = {
  infer(inputs, { axis }) {
    const x = inputAt(inputs, 0);
    checkAxis(axis, x.shape.length);
    return [x];
  },
  encode(node, encoder) {
    const { axis, exclusive, reverse } = node.attributes;
    encoder.add(
      "CumSum",
      [encoder.name(node.inputs[0]!), encoder.constant("int64", axis)],
      [encoder.name(firstOutput(node))],
      { exclusive: Number(exclusive), reverse: Number(reverse) },
    );
  },
};

export const argReduce: OpDefinition<"ArgReduce"> = {
  infer(inputs, { axis }) {
    const x = inputAt(inputs, 0);
    return [{ dtype: "int64", shape: withoutAxes(x.shape, [axis], false) }];
  },
  encode(node, encoder) {
    const { fn, axis } = node.attributes;
    encoder.add(fn, [encoder.name(node.inputs[0]!)], [encoder.name(firstOutput(node))], {
      axis,
      keepdims: 0,
    });
  },
};

export const topK: OpDefinition<"TopK"> = {
  symbolic: ["k"],
  infer(inputs, { axis, k }) {
    const x = inputAt(inputs, 0);
    checkAxis(axis, x.shape.length);
    const shape = x.shape.map((extent, i) => (i === axis ? k : extent));
    return [
      { dtype: x.dtype, shape },
      { dtype: "int64", shape },
    ];
  },
  encode(node, encoder) {
    const { axis, k, sorted } = node.attributes;
    encoder.add(
      "TopK",
      [encoder.name(node.inputs[0]!), encoder.extents([k])],
      node.outputs.map((value) => encoder.name(value)),
      { axis, largest: 1, sorted: Number(sorted) },
    );
  },
};

export const layerNorm: OpDefinition<"LayerNorm"> = {
  infer(inputs) {
    const x = inputAt(inputs, 0);
    const scale = inputAt(inputs, 1);
    const last = x.shape.at(-1) ?? invalid("LayerNorm of a scalar");
    if (scale.shape.length !== 1) invalid("LayerNorm's scale must be a vector");
    requireSame(scale.shape[0]!, last, "size of LayerNorm's scale");
    const statistics: ValueType = { dtype: "float32", shape: [...x.shape.slice(0, -1), 1] };
    return [x, statistics, statistics];
  },
  encode(node, encoder) {
    encoder.add(
      "LayerNormalization",
      node.inputs.map((value) => encoder.name(value)),
      node.outputs.map((value) => encoder.name(value)),
      { axis: -1, epsilon: { float: node.attributes.epsilon } },
    );
  },
};

/** Rules of kernels that join the elements along axes. */
import * as tf from "@tensorflow/tfjs-core";
import type { ReduceFunction, Value } from "../graph/graph.js";
import { concreteShape } from "./concrete.js";
import type { LoweringRule } from "./kernels.js";

function axesOf(axis: number | number[], x: Value): number[] {
  return [...new Set(tf.util.parseAxisParam(axis, concreteShape(x)))].sort((a, b) => a - b);
}

export function reduce(fn: ReduceFunction): LoweringRule<"Sum"> {
  return {
    onnx: [fn],
    lower: (b, { x }, { axis, keepDims }) => b.reduce(fn, x, axesOf(axis, x), keepDims),
  };
}

export const max: LoweringRule<"Max"> = {
  onnx: ["ReduceMax"],
  lower: (b, { x }, { reductionIndices, keepDims }) =>
    b.reduce("ReduceMax", x, axesOf(reductionIndices, x), keepDims),
};

export const mean: LoweringRule<"Mean"> = {
  onnx: ["ReduceMean", "Cast"],
  lower: (b, { x }, { axis, keepDims }) =>
    b.reduce("ReduceMean", b.cast(x, "float32"), axesOf(axis, x), keepDims),
};

export function quantifier(fn: "ReduceMin" | "ReduceMax"): LoweringRule<"All"> {
  return {
    onnx: [fn, "Cast"],
    lower: (b, { x }, { axis, keepDims }) =>
      b.cast(b.reduce(fn, b.cast(x, "int32"), axesOf(axis, x), keepDims), "bool"),
  };
}

export function argReduce(fn: "ArgMax" | "ArgMin"): LoweringRule<"ArgMax"> {
  return {
    onnx: [fn, "Cast"],
    lower: (b, { x }, { axis }) =>
      b.cast(b.add1("ArgReduce", [x], { fn, axis: axesOf(axis, x)[0] ?? 0 }), "int32"),
  };
}

export const softmax: LoweringRule<"Softmax"> = {
  onnx: ["Softmax"],
  lower: (b, { logits }, { dim }) => b.add1("Softmax", [logits], { axis: axesOf(dim, logits)[0] ?? 0 }),
};

export const cumsum: LoweringRule<"Cumsum"> = {
  onnx: ["CumSum"],
  lower: (b, { x }, { axis, exclusive, reverse }) =>
    b.add1("CumSum", [x], { axis: axesOf(axis, x)[0] ?? 0, exclusive, reverse }),
};

export const topK: LoweringRule<"TopK"> = {
  onnx: ["TopK", "Cast"],
  lower(b, { x }, { k, sorted }) {
    const [values, indices] = b.add("TopK", [x], { axis: x.shape.length - 1, k, sorted });
    return [values!, b.cast(indices!, "int32")];
  },
};

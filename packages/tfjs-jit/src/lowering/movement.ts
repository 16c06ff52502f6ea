/** Rules of kernels that move elements or make tensors of a shape. */
import * as tf from "@tensorflow/tfjs-core";
import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";
import { concreteShape } from "./concrete.js";
import { type LoweringRule, UnsupportedUse } from "./kernels.js";

export const identity: LoweringRule<"Identity"> = { onnx: [], lower: (_, { x }) => x };

export const reshape: LoweringRule<"Reshape"> = {
  onnx: ["Reshape"],
  lower(b, { x }, { shape }) {
    const size = tf.util.sizeFromShape(concreteShape(x));
    return b.reshape(x, tf.util.inferFromImplicitShape(shape, size));
  },
};

export const expandDims: LoweringRule<"ExpandDims"> = {
  onnx: ["Reshape"],
  lower(b, { input }, { dim }) {
    const shape = concreteShape(input);
    shape.splice(dim < 0 ? shape.length + dim + 1 : dim, 0, 1);
    return b.reshape(input, shape);
  },
};

export const transpose: LoweringRule<"Transpose"> = {
  onnx: ["Transpose"],
  lower: (b, { x }, { perm }) => b.transpose(x, perm),
};

export const slice: LoweringRule<"Slice"> = {
  onnx: ["Slice"],
  lower(b, { x }, { begin, size }) {
    const shape = concreteShape(x);
    const [from = [], count = []] = tf.slice_util.parseSliceParams({ shape } as tf.TensorInfo, begin, size);
    const axes = shape.flatMap((extent, axis) => (from[axis] === 0 && count[axis] === extent ? [] : [axis]));
    if (axes.length === 0) return x;
    return b.add1("Slice", [x], {
      begin: axes.map((axis) => from[axis]!),
      end: axes.map((axis) => from[axis]! + count[axis]!),
      axes,
      steps: axes.map(() => 1),
    });
  },
};

export const stridedSlice: LoweringRule<"StridedSlice"> = {
  onnx: ["Slice", "Reshape"],
  limits: "steps other than 1 and -1 need a fixed size",
  lower(b, { x }, a) {
    const info = tf.slice_util.sliceInfo(
      concreteShape(x),
      a.begin,
      a.end,
      a.strides,
      a.beginMask,
      a.endMask,
      a.ellipsisMask,
      a.newAxisMask,
      a.shrinkAxisMask,
    );
    const axes = x.shape.map((_, axis) => axis);
    const cut = b.add1("Slice", [x], { begin: info.begin, end: info.end, axes, steps: info.strides });
    return b.reshape(cut, info.finalShape);
  },
};

export const reverse: LoweringRule<"Reverse"> = {
  onnx: ["Slice"],
  lower(b, { x }, { dims }) {
    const axes = tf.util.parseAxisParam(dims, concreteShape(x));
    if (axes.length === 0) return x;
    return b.add1("Slice", [x], {
      begin: axes.map((axis) => concreteShape(x)[axis]! - 1),
      end: axes.map(() => -1),
      axes,
      steps: axes.map(() => -1),
    });
  },
};

export const concat: LoweringRule<"Concat"> = {
  onnx: ["Concat"],
  lower(b, inputs, { axis }) {
    const parts = inputs.filter((x) => !x.shape.includes(0));
    const [first] = parts;
    if (parts.length === 1 && first !== undefined) return first;
    const rank = inputs[0]?.shape.length ?? 0;
    return b.add1("Concat", parts, { axis: axis < 0 ? axis + rank : axis });
  },
};

export const splitV: LoweringRule<"SplitV"> = {
  onnx: ["Split"],
  lower(b, { x }, { numOrSizeSplits, axis }) {
    const shape = concreteShape(x);
    const at = axis < 0 ? axis + shape.length : axis;
    const sizes = tf.backend_util.prepareSplitSize({ shape } as tf.Tensor, numOrSizeSplits, at);
    return b.add("Split", [x], { axis: at, sizes });
  },
};

export const pack: LoweringRule<"Pack"> = {
  onnx: ["Reshape", "Concat"],
  lower(b, inputs, { axis }) {
    const rows = inputs.map((x) => b.reshape(x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]));
    return b.add1("Concat", rows, { axis });
  },
};

export const unpack: LoweringRule<"Unpack"> = {
  onnx: ["Split", "Reshape"],
  limits: "an axis of fixed size",
  lower(b, { value }, { axis }) {
    const shape = concreteShape(value);
    const at = axis < 0 ? axis + shape.length : axis;
    const sizes = new Array<number>(shape[at]!).fill(1);
    const parts = b.add("Split", [value], { axis: at, sizes });
    return parts.map((part) =>
      b.reshape(
        part,
        shape.filter((_, i) => i !== at),
      ),
    );
  },
};

export const tile: LoweringRule<"Tile"> = {
  onnx: ["Tile"],
  lower: (b, { x }, { reps }) => b.add1("Tile", [x], { repeats: reps }),
};

export const padV2: LoweringRule<"PadV2"> = {
  onnx: ["Pad"],
  lower(b, { x }, { paddings, constantValue }) {
    return b.add1("Pad", [x], {
      before: paddings.map(([before]) => before),
      after: paddings.map(([, after]) => after),
      mode: "constant",
      value: constantValue,
    });
  },
};

export const mirrorPad: LoweringRule<"MirrorPad"> = {
  onnx: ["Pad"],
  limits: "mode reflect",
  lower(b, { x }, { paddings, mode }) {
    if (mode !== "reflect") throw new UnsupportedUse(`mode ${mode}`, "use mode reflect");
    const [before, after] = [paddings.map(([n]) => n), paddings.map(([, n]) => n)];
    return b.add1("Pad", [x], { before, after, mode, value: 0 });
  },
};

/** A tensor of equal elements: a scalar, expanded. Passes look for this form. */
export function uniform(b: GraphBuilder, value: number, dtype: string, shape: readonly number[]): Value {
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
    throw new UnsupportedUse(`dtype ${dtype}`, "use float32, int32 or bool");
  }
  const scalar = b.scalar(value, dtype);
  return shape.length === 0 ? scalar : b.add1("Expand", [scalar], { shape });
}

export const fill: LoweringRule<"Fill"> = {
  onnx: ["Expand"],
  lower(b, _, { shape, value, dtype }) {
    if (typeof value === "string") throw new UnsupportedUse("a string tensor", "use float32, int32 or bool");
    return uniform(b, value, dtype ?? "float32", shape);
  },
};

export const zerosLike: LoweringRule<"ZerosLike"> = {
  onnx: ["Expand"],
  lower: (b, { x }) => uniform(b, 0, x.dtype, concreteShape(x)),
};

export const onesLike: LoweringRule<"OnesLike"> = {
  onnx: ["Expand"],
  lower: (b, { x }) => uniform(b, 1, x.dtype, concreteShape(x)),
};

export const range: LoweringRule<"Range"> = {
  onnx: ["Range", "Identity", "Squeeze", "Cast"],
  limits: "whole start when the length is symbolic",
  lower(b, _, { start, stop, step, dtype }) {
    const count = Math.max(0, Math.ceil((stop - start) / step));
    if (Number.isInteger(start))
      return b.add1("Range", [], { start, count, step, dtype: dtype ?? "float32" });
    const data = Float32Array.from({ length: count }, (_, i) => start + i * step);
    return b.constant({ dtype: "float32", shape: [count], data });
  },
};

export const linSpace: LoweringRule<"LinSpace"> = {
  onnx: [],
  limits: "fixed start, stop and number",
  lower(b, _, { start, stop, num }) {
    const step = num > 1 ? (stop - start) / (num - 1) : 0;
    const data = Float32Array.from({ length: num }, (_, i) => start + i * step);
    return b.constant({ dtype: "float32", shape: [num], data });
  },
};

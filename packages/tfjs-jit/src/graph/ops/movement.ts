/** Operators that move elements without computing: reshape, transpose, slice, join, repeat, pad. */
import {
  addExtents,
  type Extent,
  extentKey,
  isSymbolic,
  multiplyExtents,
  productOf,
  sameExtent,
  shapeKey,
  subtractExtents,
} from "../extent.js";
import {
  broadcastShapes,
  checkAxis,
  firstOutput,
  inputAt,
  invalid,
  type OpDefinition,
  requireSame,
} from "./definition.js";

/** The end of a slice with step -1 that reaches index 0: ONNX clamps anything below. */
const BEFORE_START = -(2 ** 31);

export const reshape: OpDefinition<"Reshape"> = {
  symbolic: ["shape"],
  infer(inputs, { shape }) {
    const x = inputAt(inputs, 0);
    requireSame(
      productOf(x.shape),
      productOf(shape),
      `reshape of ${shapeKey(x.shape)} to ${shapeKey(shape)}`,
    );
    return [{ dtype: x.dtype, shape }];
  },
  encode(node, encoder) {
    const { shape } = node.attributes;
    const x = node.inputs[0]!;
    // Sizes that stay in place are written 0 and one unknown -1, so that most targets are constants.
    const target = shape.map((extent, i): Extent => {
      if (!isSymbolic(extent)) return extent;
      const before = x.shape[i];
      return before !== undefined && sameExtent(before, extent) ? 0 : extent;
    });
    const unknown = target.findIndex(isSymbolic);
    if (unknown >= 0) target[unknown] = -1;
    encoder.add("Reshape", [encoder.name(x), encoder.extents(target)], [encoder.name(firstOutput(node))]);
  },
};

export const transpose: OpDefinition<"Transpose"> = {
  infer(inputs, { perm }) {
    const x = inputAt(inputs, 0);
    if (perm.length !== x.shape.length || new Set(perm).size !== perm.length) invalid(`perm [${perm}]`);
    return [{ dtype: x.dtype, shape: perm.map((from) => x.shape[checkAxis(from, perm.length)]!) }];
  },
  encode(node, encoder) {
    encoder.add("Transpose", [encoder.name(node.inputs[0]!)], [encoder.name(firstOutput(node))], {
      perm: node.attributes.perm,
    });
  },
};

export const slice: OpDefinition<"Slice"> = {
  symbolic: ["begin", "end"],
  infer(inputs, { begin, end, axes, steps }) {
    const x = inputAt(inputs, 0);
    const shape = [...x.shape];
    axes.forEach((axis, i) => {
      shape[checkAxis(axis, shape.length)] = sliceLength(begin[i]!, end[i]!, steps[i]!);
    });
    return [{ dtype: x.dtype, shape }];
  },
  encode(node, encoder) {
    const { begin, end, axes, steps } = node.attributes;
    const ends = end.map((extent, i) => (steps[i]! < 0 && extent === -1 ? BEFORE_START : extent));
    encoder.add(
      "Slice",
      [
        encoder.name(node.inputs[0]!),
        encoder.extents(begin),
        encoder.extents(ends),
        encoder.constant("int64", axes),
        encoder.constant("int64", steps),
      ],
      [encoder.name(firstOutput(node))],
    );
  },
};

/** Elements from `begin` towards `end`, `end` not included; -1 as `end` of a backward slice is before index 0. */
function sliceLength(begin: Extent, end: Extent, step: number): Extent {
  const distance = step > 0 ? subtractExtents(end, begin) : subtractExtents(begin, end);
  if (Math.abs(step) === 1) return distance;
  if (isSymbolic(distance)) return invalid(`a step of ${step} over the symbolic size ${extentKey(distance)}`);
  return Math.ceil(distance / Math.abs(step));
}

export const concat: OpDefinition<"Concat"> = {
  infer(inputs, { axis }) {
    const first = inputAt(inputs, 0);
    checkAxis(axis, first.shape.length);
    for (const other of inputs) {
      if (other.dtype !== first.dtype || other.shape.length !== first.shape.length)
        invalid("Concat of unlike tensors");
      other.shape.forEach((extent, i) => {
        if (i !== axis) requireSame(extent, first.shape[i]!, "sizes of joined tensors");
      });
    }
    const total = inputs.map((input) => input.shape[axis]!).reduce<Extent>(addExtents, 0);
    return [{ dtype: first.dtype, shape: first.shape.map((extent, i) => (i === axis ? total : extent)) }];
  },
  encode(node, encoder) {
    const names = node.inputs.map((value) => encoder.name(value));
    encoder.add("Concat", names, [encoder.name(firstOutput(node))], { axis: node.attributes.axis });
  },
};

export const split: OpDefinition<"Split"> = {
  symbolic: ["sizes"],
  infer(inputs, { axis, sizes }) {
    const x = inputAt(inputs, 0);
    checkAxis(axis, x.shape.length);
    requireSame(sizes.reduce<Extent>(addExtents, 0), x.shape[axis]!, "sum of split sizes");
    return sizes.map((part) => ({ dtype: x.dtype, shape: x.shape.map((e, i) => (i === axis ? part : e)) }));
  },
  encode(node, encoder) {
    const { axis, sizes } = node.attributes;
    const outputs = node.outputs.map((value) => encoder.name(value));
    encoder.add("Split", [encoder.name(node.inputs[0]!), encoder.extents(sizes)], outputs, { axis });
  },
};

export const expand: OpDefinition<"Expand"> = {
  symbolic: ["shape"],
  infer(inputs, { shape }) {
    const x = inputAt(inputs, 0);
    const result = broadcastShapes(x.shape, shape);
    return [{ dtype: x.dtype, shape: result }];
  },
  encode(node, encoder) {
    const target = encoder.extents(node.attributes.shape);
    encoder.add("Expand", [encoder.name(node.inputs[0]!), target], [encoder.name(firstOutput(node))]);
  },
};

export const tile: OpDefinition<"Tile"> = {
  symbolic: ["repeats"],
  infer(inputs, { repeats }) {
    const x = inputAt(inputs, 0);
    if (repeats.length !== x.shape.length) invalid("Tile needs a repeat for each axis");
    return [{ dtype: x.dtype, shape: x.shape.map((extent, i) => multiplyExtents(extent, repeats[i]!)) }];
  },
  encode(node, encoder) {
    const repeats = encoder.extents(node.attributes.repeats);
    encoder.add("Tile", [encoder.name(node.inputs[0]!), repeats], [encoder.name(firstOutput(node))]);
  },
};

export const pad: OpDefinition<"Pad"> = {
  symbolic: ["before", "after"],
  infer(inputs, { before, after }) {
    const x = inputAt(inputs, 0);
    const shape = x.shape.map((extent, i) => addExtents(addExtents(extent, before[i]!), after[i]!));
    return [{ dtype: x.dtype, shape }];
  },
  encode(node, encoder) {
    const { before, after, mode, value } = node.attributes;
    const x = node.inputs[0]!;
    const inputs = [encoder.name(x), encoder.extents([...before, ...after])];
    if (mode === "constant") inputs.push(encoder.constant(x.dtype, value));
    encoder.add("Pad", inputs, [encoder.name(firstOutput(node))], { mode });
  },
};

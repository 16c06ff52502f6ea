/** Rules of kernels that choose or place elements by index. */
import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";
import { concreteShape } from "./concrete.js";
import { type LoweringRule, UnsupportedUse } from "./kernels.js";
import { uniform } from "./movement.js";

export const gatherV2: LoweringRule<"GatherV2"> = {
  onnx: ["Gather"],
  limits: "batchDims 0",
  lower(b, { x, indices }, { axis, batchDims }) {
    if (batchDims !== 0 && batchDims !== undefined) {
      throw new UnsupportedUse(`batchDims ${batchDims}`, "use tf.gatherND, or multiply by tf.oneHot");
    }
    return b.add1("Gather", [x, indices], { axis: axis < 0 ? axis + x.shape.length : axis });
  },
};

export const gatherNd: LoweringRule<"GatherNd"> = {
  onnx: ["Cast", "GatherND"],
  lower: (b, { params, indices }) => b.add1("GatherND", [params, b.cast(indices, "int64")], {}),
};

/** Adds `updates` [n, ...] to the rows of a zero tensor [rows, ...]; ids out of range are dropped, as TensorFlow does. */
function sumByRow(b: GraphBuilder, updates: Value, ids: Value, rows: number): Value {
  const inner = concreteShape(updates).slice(1);
  const width = inner.reduce((x, y) => x * y, 1);
  const zero = b.scalar(0, "int32");
  const inRange = b.add1(
    "Logical",
    [b.compare("GreaterOrEqual", ids, zero), b.compare("Less", ids, b.scalar(rows, "int32"))],
    { fn: "And" },
  );
  // ONNX fails on ids out of range or counts from the end: what has one goes to row 0 as zeros.
  const count = ids.shape[0]!;
  const matrix = b.reshape(updates, [count, width]);
  const kept = b.where(
    b.reshape(inRange, [count, 1]),
    matrix,
    b.scalar(0, updates.dtype === "int32" ? "int32" : "float32"),
  );
  const base = uniform(b, 0, updates.dtype, [rows, width]);
  const sums = b.add1("ScatterAddRows", [base, b.where(inRange, ids, zero), kept], {});
  return b.reshape(sums, [rows, ...inner]);
}

const SUM_BY_ROW = [
  "Reshape",
  "Unsqueeze",
  "Shape",
  "ScatterElements",
  "Expand",
  "GreaterOrEqual",
  "Less",
  "And",
  "Where",
] as const;

export const scatterNd: LoweringRule<"ScatterNd"> = {
  onnx: [...SUM_BY_ROW, "Mul", "ReduceSum"],
  limits: "the indexed sizes are fixed; out of range is dropped only where the flat index is",
  lower(b, { indices, updates }, { shape }) {
    const depth = concreteShape(indices).at(-1)!;
    const indexed = shape.slice(0, depth);
    const inner = shape.slice(depth);
    // Row-major: the index of a row is the sum of each index times the rows that it skips.
    const strides = indexed.map((_, axis) => indexed.slice(axis + 1).reduce((x, y) => x * y, 1));
    const weights = b.constant({ dtype: "int32", shape: [depth], data: Int32Array.from(strides) });
    const axis = indices.shape.length - 1;
    const count = concreteShape(indices)
      .slice(0, -1)
      .reduce((x, y) => x * y, 1);
    const ids = b.reshape(b.reduce("ReduceSum", b.binary("Mul", indices, weights), [axis]), [count]);
    const rows = indexed.reduce((x, y) => x * y, 1);
    const sums = sumByRow(b, b.reshape(updates, [count, ...inner]), ids, rows);
    return b.reshape(sums, shape);
  },
};

export const tensorScatterUpdate: LoweringRule<"TensorScatterUpdate"> = {
  onnx: ["Cast", "ScatterND"],
  lower: (b, { tensor, indices, updates }) =>
    b.add1("ScatterND", [tensor, b.cast(indices, "int64"), updates], {}),
};

export const unsortedSegmentSum: LoweringRule<"UnsortedSegmentSum"> = {
  onnx: SUM_BY_ROW,
  limits: "segment ids of rank 1",
  lower(b, { x, segmentIds }, { numSegments }) {
    if (segmentIds.shape.length !== 1)
      throw new UnsupportedUse("segment ids of higher rank", "reshape them to rank 1");
    return sumByRow(b, x, segmentIds, numSegments);
  },
};

export const oneHot: LoweringRule<"OneHot"> = {
  onnx: ["Cast", "Add", "Max", "OneHot", "Slice"],
  limits: "float32, int32 and bool",
  lower(b, { indices }, { depth, onValue, offValue, dtype }) {
    const type = dtype ?? "float32";
    if (type !== "float32" && type !== "int32" && type !== "bool") {
      throw new UnsupportedUse(`dtype ${type}`, "use float32, int32 or bool");
    }
    return b.add1("OneHot", [indices], { depth, on: onValue, off: offValue, dtype: type });
  },
};

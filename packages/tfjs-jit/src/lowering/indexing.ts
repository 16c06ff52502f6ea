/** Rules of kernels that choose or place elements by index. */
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

export const scatterNd: LoweringRule<"ScatterNd"> = {
  onnx: ["Cast", "ScatterND", "Expand"],
  lower(b, { indices, updates }, { shape }) {
    const base = uniform(b, 0, updates.dtype, shape);
    return b.add1("ScatterND", [base, b.cast(indices, "int64"), updates], { add: true });
  },
};

export const tensorScatterUpdate: LoweringRule<"TensorScatterUpdate"> = {
  onnx: ["Cast", "ScatterND"],
  lower: (b, { tensor, indices, updates }) =>
    b.add1("ScatterND", [tensor, b.cast(indices, "int64"), updates], { add: false }),
};

export const unsortedSegmentSum: LoweringRule<"UnsortedSegmentSum"> = {
  onnx: ["Reshape", "Cast", "ScatterND", "Expand", "GreaterOrEqual", "Less", "And", "Where"],
  lower(b, { x, segmentIds }, { numSegments }) {
    const count = segmentIds.shape[0]!;
    // TensorFlow drops what has an id out of range, ONNX fails or counts from the end: it goes to row 0 as zeros.
    const zero = b.scalar(0, "int32");
    const inRange = b.add1(
      "Logical",
      [
        b.compare("GreaterOrEqual", segmentIds, zero),
        b.compare("Less", segmentIds, b.scalar(numSegments, "int32")),
      ],
      { fn: "And" },
    );
    const ids = b.where(inRange, segmentIds, zero);
    const rows = b.reshape(inRange, [count, ...x.shape.slice(1).map(() => 1)]);
    const updates = b.where(rows, x, b.scalar(0, x.dtype === "int32" ? "int32" : "float32"));
    const base = uniform(b, 0, x.dtype, [numSegments, ...(x.shape.slice(1) as number[])]);
    const indices = b.cast(b.reshape(ids, [count, 1]), "int64");
    return b.add1("ScatterND", [base, indices, updates], { add: true });
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

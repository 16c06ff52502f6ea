/** Operators that choose or place elements by index. */
import { DATA_TYPE } from "../../onnx/onnx-enums.js";
import { addExtents } from "../extent.js";
import {
  checkAxis,
  firstOutput,
  inputAt,
  invalid,
  type OpDefinition,
  requireSame,
  requireType,
} from "./definition.js";

export const gather: OpDefinition<"Gather"> = {
  infer(inputs, { axis }) {
    const x = inputAt(inputs, 0);
    const indices = inputAt(inputs, 1);
    requireType(indices, "int32", "int64");
    checkAxis(axis, x.shape.length);
    return [
      { dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] },
    ];
  },
  encode(node, encoder) {
    const names = node.inputs.map((value) => encoder.name(value));
    encoder.add("Gather", names, [encoder.name(firstOutput(node))], { axis: node.attributes.axis });
  },
};

export const gatherNd: OpDefinition<"GatherND"> = {
  infer(inputs) {
    const x = inputAt(inputs, 0);
    const indices = inputAt(inputs, 1);
    requireType(indices, "int64");
    const depth = indices.shape.at(-1);
    if (typeof depth !== "number" || depth > x.shape.length) return invalid("depth of GatherND's indices");
    return [{ dtype: x.dtype, shape: [...indices.shape.slice(0, -1), ...x.shape.slice(depth)] }];
  },
  encode(node, encoder) {
    const names = node.inputs.map((value) => encoder.name(value));
    encoder.add("GatherND", names, [encoder.name(firstOutput(node))]);
  },
};

export const scatterNd: OpDefinition<"ScatterND"> = {
  infer(inputs) {
    const base = inputAt(inputs, 0);
    requireType(inputAt(inputs, 1), "int64");
    requireType(inputAt(inputs, 2), base.dtype);
    return [base];
  },
  encode(node, encoder) {
    const names = node.inputs.map((value) => encoder.name(value));
    encoder.add("ScatterND", names, [encoder.name(firstOutput(node))]);
  },
};

export const scatterAddRows: OpDefinition<"ScatterAddRows"> = {
  infer(inputs) {
    const [base, rows, updates] = [inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2)];
    requireType(rows, "int32");
    requireType(updates, base.dtype);
    if (base.shape.length !== 2 || rows.shape.length !== 1 || updates.shape.length !== 2)
      invalid("ranks of ScatterAddRows");
    requireSame(updates.shape[0]!, rows.shape[0]!, "rows to add");
    requireSame(updates.shape[1]!, base.shape[1]!, "width of rows to add");
    return [base];
  },
  encode(node, encoder) {
    // ScatterND with reduction add, the natural choice, loses updates when two threads meet at one row (ONNX Runtime
    // 1.30; 74 of 200 runs wrong). ScatterElements runs on one thread, in order, so its sums are the same at every run.
    const [base, rows, updates] = node.inputs.map((value) => encoder.name(value)) as [string, string, string];
    const [column, shape, indices] = [encoder.temporary(), encoder.temporary(), encoder.temporary()];
    encoder.add("Unsqueeze", [rows, encoder.constant("int64", [1])], [column]);
    encoder.add("Shape", [updates], [shape]);
    encoder.add("Expand", [column, shape], [indices]);
    encoder.add("ScatterElements", [base, indices, updates], [encoder.name(firstOutput(node))], {
      axis: 0,
      reduction: "add",
    });
  },
};

export const oneHot: OpDefinition<"OneHot"> = {
  symbolic: ["depth"],
  infer(inputs, { depth, dtype }) {
    return [{ dtype, shape: [...inputAt(inputs, 0).shape, depth] }];
  },
  encode(node, encoder) {
    const { depth, on, off, dtype } = node.attributes;
    const output = encoder.name(firstOutput(node));
    // ONNX counts a negative index from the end; TensorFlow gives a row of `off` for it. Index + 1 in a table one
    // deeper keeps both in range: column 0 is cut off again.
    const [indices, shifted, wide] = [encoder.temporary(), encoder.temporary(), encoder.temporary()];
    const one = encoder.constant("int64", 1);
    const zero = encoder.constant("int64", 0);
    const clamped = encoder.temporary();
    encoder.add("Cast", [encoder.name(node.inputs[0]!)], [indices], { to: DATA_TYPE.int64 });
    encoder.add("Add", [indices, one], [shifted]);
    encoder.add("Max", [shifted, zero], [clamped]);
    // ONNX Runtime has OneHot on a CPU for int64 indices and float values only.
    const values = encoder.constant("float32", [off, on]);
    encoder.add("OneHot", [clamped, encoder.extents([addExtents(depth, 1)]), values], [wide], { axis: -1 });
    const axis = encoder.constant("int64", [node.inputs[0]!.shape.length]);
    const cut = dtype === "float32" ? output : encoder.temporary();
    const end = encoder.constant("int64", [2 ** 31]);
    encoder.add("Slice", [wide, encoder.constant("int64", [1]), end, axis], [cut]);
    if (dtype !== "float32") encoder.add("Cast", [cut], [output], { to: DATA_TYPE[dtype] });
  },
};

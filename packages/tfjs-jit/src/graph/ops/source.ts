/** Operators without inputs: constants, sizes and ranges. */
import { allocate } from "../../arguments.js";
import { DATA_TYPE } from "../../onnx/onnx-enums.js";
import { addExtents, isSymbolic, multiplyExtents } from "../extent.js";
import { firstOutput, type OpDefinition } from "./definition.js";

export const constant: OpDefinition<"Constant"> = {
  infer: (_, { tensor }) => [{ dtype: tensor.dtype, shape: tensor.shape }],
  // Constants become initializers of the model, written by `encode-model.ts`.
  encode() {},
};

export const size: OpDefinition<"Size"> = {
  symbolic: ["extent"],
  infer: (_, { dtype }) => [{ dtype, shape: [] }],
  encode(node, encoder) {
    const { extent, power, factor, dtype } = node.attributes;
    const [vector, scalar] = [encoder.temporary(), encoder.temporary()];
    const output = encoder.name(firstOutput(node));
    encoder.add("Squeeze", [encoder.extents([extent]), encoder.constant("int64", [0])], [scalar]);
    if (power === 1 && factor === 1) {
      encoder.add("Cast", [scalar], [output], { to: DATA_TYPE[dtype] });
      return;
    }
    encoder.add("Cast", [scalar], [vector], { to: DATA_TYPE[dtype] });
    const k = encoder.constant(dtype, factor);
    if (power === 1) encoder.add("Mul", [k, vector], [output]);
    else encoder.add("Div", [k, vector], [output]);
  },
};

export const range: OpDefinition<"Range"> = {
  symbolic: ["start", "count"],
  infer: (_, { count, dtype }) => [{ dtype, shape: [count] }],
  encode(node, encoder) {
    const { start, count, step, dtype } = node.attributes;
    const output = encoder.name(firstOutput(node));
    if (!isSymbolic(start) && !isSymbolic(count)) {
      const values = allocate(dtype, count).map((_, i) => start + i * step);
      encoder.add("Identity", [encoder.constant(dtype, [...values])], [output]);
      return;
    }
    const at = (extent: typeof start): string => {
      const [scalar, cast] = [encoder.temporary(), encoder.temporary()];
      encoder.add("Squeeze", [encoder.extents([extent]), encoder.constant("int64", [0])], [scalar]);
      encoder.add("Cast", [scalar], [cast], { to: DATA_TYPE[dtype] });
      return cast;
    };
    const limit = addExtents(start, multiplyExtents(count, step));
    encoder.add("Range", [at(start), at(limit), encoder.constant(dtype, step)], [output]);
  },
};

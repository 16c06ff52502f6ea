/** Operators that treat each element by itself, with NumPy's broadcasting. */
import { MICROSOFT } from "../../onnx/node-encoder.js";
import { DATA_TYPE } from "../../onnx/onnx-enums.js";
import type { UnaryFunction } from "../graph.js";
import {
  broadcastShapes,
  firstOutput,
  inputAt,
  invalid,
  type OpDefinition,
  requireType,
} from "./definition.js";

const TO_BOOL: ReadonlySet<UnaryFunction> = new Set(["IsInf", "IsNaN", "Not"]);

export const unary: OpDefinition<"Unary"> = {
  infer(inputs, { fn }) {
    const x = inputAt(inputs, 0);
    return [{ dtype: TO_BOOL.has(fn) ? "bool" : x.dtype, shape: x.shape }];
  },
  encode(node, encoder) {
    const inputs = node.inputs.map((value) => encoder.name(value));
    const outputs = [encoder.name(firstOutput(node))];
    const { fn } = node.attributes;
    if (fn === "GeluTanh") return encoder.add("Gelu", inputs, outputs, { approximate: "tanh" });
    encoder.add(fn, inputs, outputs, {}, fn === "FastGelu" || fn === "Gelu" ? MICROSOFT : "");
  },
};

export const binary: OpDefinition<"Binary"> = {
  infer(inputs) {
    const a = inputAt(inputs, 0);
    const b = inputAt(inputs, 1);
    requireType(b, a.dtype);
    return [{ dtype: a.dtype, shape: broadcastShapes(a.shape, b.shape) }];
  },
  encode(node, encoder) {
    const { fn } = node.attributes;
    // For floats ONNX wants C's remainder (fmod), the only one it has.
    const attributes: Record<string, number> =
      fn === "Mod" && node.inputs[0]?.dtype === "float32" ? { fmod: 1 } : {};
    encoder.add(
      fn,
      node.inputs.map((value) => encoder.name(value)),
      [encoder.name(firstOutput(node))],
      attributes,
    );
  },
};

export const compare: OpDefinition<"Compare"> = {
  infer(inputs) {
    const a = inputAt(inputs, 0);
    const b = inputAt(inputs, 1);
    requireType(b, a.dtype);
    return [{ dtype: "bool", shape: broadcastShapes(a.shape, b.shape) }];
  },
  encode(node, encoder) {
    encoder.add(
      node.attributes.fn,
      node.inputs.map((value) => encoder.name(value)),
      [encoder.name(firstOutput(node))],
    );
  },
};

export const logical: OpDefinition<"Logical"> = {
  infer(inputs) {
    const a = inputAt(inputs, 0);
    const b = inputAt(inputs, 1);
    requireType(a, "bool");
    requireType(b, "bool");
    return [{ dtype: "bool", shape: broadcastShapes(a.shape, b.shape) }];
  },
  encode(node, encoder) {
    encoder.add(
      node.attributes.fn,
      node.inputs.map((value) => encoder.name(value)),
      [encoder.name(firstOutput(node))],
    );
  },
};

export const where: OpDefinition<"Where"> = {
  infer(inputs) {
    const condition = inputAt(inputs, 0);
    const then = inputAt(inputs, 1);
    const otherwise = inputAt(inputs, 2);
    requireType(condition, "bool");
    requireType(otherwise, then.dtype);
    const values = broadcastShapes(then.shape, otherwise.shape);
    return [{ dtype: then.dtype, shape: broadcastShapes(condition.shape, values) }];
  },
  encode(node, encoder) {
    encoder.add(
      "Where",
      node.inputs.map((value) => encoder.name(value)),
      [encoder.name(firstOutput(node))],
    );
  },
};

export const cast: OpDefinition<"Cast"> = {
  infer: (inputs, { to }) => [{ dtype: to, shape: inputAt(inputs, 0).shape }],
  encode(node, encoder) {
    const x = node.inputs[0] ?? invalid("Cast without input");
    encoder.add("Cast", [encoder.name(x)], [encoder.name(firstOutput(node))], {
      to: DATA_TYPE[node.attributes.to],
    });
  },
};

/** The messages of onnx.proto3 that a model is made of: tensors, attributes, types of values. */
import { isSymbolic } from "../graph/extent.js";
import type { ElementType, Value } from "../graph/graph.js";
import type { InitializerType, OnnxAttribute } from "./node-encoder.js";
import { ATTRIBUTE_TYPE, DATA_TYPE } from "./onnx-enums.js";
import { WireWriter } from "./wire.js";

export function packed(
  dtype: ElementType,
  values: readonly number[],
): Float32Array | Int32Array | Uint8Array | BigInt64Array {
  switch (dtype) {
    case "float32":
      return Float32Array.from(values);
    case "int32":
      return Int32Array.from(values);
    case "bool":
      return Uint8Array.from(values);
    case "int64":
      return BigInt64Array.from(values, BigInt);
  }
}

export function tensorHeader(dtype: ElementType | InitializerType, shape: readonly number[]): WireWriter {
  const writer = new WireWriter();
  for (const size of shape) writer.varint(1, size);
  return writer.varint(2, DATA_TYPE[dtype]);
}

export function tensorProto(
  name: string,
  dtype: ElementType | InitializerType,
  shape: readonly number[],
  data: Uint8Array,
): Uint8Array[] {
  return [tensorHeader(dtype, shape).string(8, name).head(9, data.length).finish(), data];
}

export function valueInfo(writer: WireWriter, name: string, value: Value): void {
  writer.string(1, name).message(2, (type) =>
    type.message(1, (tensor) =>
      tensor.varint(1, DATA_TYPE[value.dtype]).message(2, (shape) => {
        for (const extent of value.shape) {
          shape.message(1, (dim) => (isSymbolic(extent) ? dim.string(2, extent.key) : dim.varint(1, extent)));
        }
      }),
    ),
  );
}

export function attribute(writer: WireWriter, name: string, value: OnnxAttribute): void {
  writer.string(1, name);
  if (typeof value === "number") writer.varint(3, value).varint(20, ATTRIBUTE_TYPE.int);
  else if (typeof value === "string") {
    writer.bytes(4, new TextEncoder().encode(value)).varint(20, ATTRIBUTE_TYPE.string);
  } else if ("float" in value) writer.float(2, value.float).varint(20, ATTRIBUTE_TYPE.float);
  else {
    for (const item of value) writer.varint(8, item);
    writer.varint(20, ATTRIBUTE_TYPE.ints);
  }
}

/** TensorProto.DataType and AttributeProto.AttributeType of onnx.proto3 (onnx/onnx, release 1.17). */
import type { ElementType } from "../graph/graph.js";
import type { InitializerType } from "./node-encoder.js";

export const DATA_TYPE = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
} as const satisfies Record<ElementType | InitializerType, number>;
export const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const;
/** TensorProto.DataLocation */
export const EXTERNAL = 1;

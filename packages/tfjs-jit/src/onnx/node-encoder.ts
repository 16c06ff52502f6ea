/** What an operator needs to write itself as ONNX nodes; `encode-model.ts` implements it. */
import type { Extent } from "../graph/extent.js";
import type { ElementType, Value } from "../graph/graph.js";

/** ONNX attributes: whole numbers, floats (wrapped, since 1 may be either), strings, lists of whole numbers. */
export type OnnxAttribute = number | { readonly float: number } | string | readonly number[];

/** Element types that only constants inside an operator have, besides those of values. */
export type InitializerType = "float32" | "int8" | "uint8";
export type InitializerData = Float32Array | Int8Array | Uint8Array;

export const MICROSOFT = "com.microsoft";

export interface NodeEncoder {
  /** Name of a graph value in the model. */
  name(value: Value): string;
  /** Adds a node. Empty input names are absent optional inputs. */
  add(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
    domain?: string,
  ): void;
  /** A fresh name for a value between several nodes of one operator. */
  temporary(): string;
  /** A constant of any size, handed to the runtime as it is. */
  initializer(dtype: InitializerType, shape: readonly number[], data: InitializerData): string;
  /** A constant of rank 0 or 1. */
  constant(dtype: ElementType, values: number | readonly number[]): string;
  /** An int64 vector of sizes; computed in the model when they are symbolic. */
  extents(extents: readonly Extent[]): string;
}

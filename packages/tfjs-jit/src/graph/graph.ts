/**
 * The typed graph between recording and ONNX: immutable, single assignment, nodes in an order in which every value is
 * made before it is used. Operators are this package's own closed set, close to ONNX's; `ops/` says of each what
 * shape it gives and how it is encoded.
 */
import type { HostTensor } from "../host-tensor.js";
import type { Int8Matrix } from "../quantization/int8-matrix.js";
import type { MaskSource } from "../random/mask-source.js";
import type { Extent } from "./extent.js";

/** int64 appears only inside graphs, where ONNX wants indices of that type. */
export type ElementType = "float32" | "int32" | "bool" | "int64";

export interface ValueType {
  readonly dtype: ElementType;
  readonly shape: readonly Extent[];
}

export interface Value extends ValueType {
  readonly id: number;
}

export type UnaryFunction =
  | "Abs"
  | "Acos"
  | "Acosh"
  | "Asin"
  | "Asinh"
  | "Atan"
  | "Atanh"
  | "Ceil"
  | "Cos"
  | "Cosh"
  | "Erf"
  | "Exp"
  | "Floor"
  | "Identity"
  | "IsInf"
  | "IsNaN"
  | "Log"
  | "Neg"
  | "Not"
  | "Reciprocal"
  | "Relu"
  | "Round"
  | "Sigmoid"
  | "Sign"
  | "Sin"
  | "Sinh"
  | "Softplus"
  | "Sqrt"
  | "Tan"
  | "Tanh"
  | "FastGelu"
  | "Gelu"
  /** FastGelu as ONNX's own operator. */
  | "GeluTanh";
export type BinaryFunction = "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Max" | "Min" | "Mod";
export type CompareFunction = "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual";
export type LogicalFunction = "And" | "Or";
export type ReduceFunction =
  | "ReduceSum"
  | "ReduceSumSquare"
  | "ReduceMean"
  | "ReduceMax"
  | "ReduceMin"
  | "ReduceProd";

/** The operators and their attributes. */
export interface OpAttributes {
  /** A value known when the graph is made. */
  Constant: { readonly tensor: HostTensor };
  /** Scalar `factor * extent ** power`, float32 or int32. */
  Size: {
    readonly extent: Extent;
    readonly power: 1 | -1;
    readonly factor: number;
    readonly dtype: "float32" | "int32";
  };
  Unary: { readonly fn: UnaryFunction };
  Binary: { readonly fn: BinaryFunction };
  Compare: { readonly fn: CompareFunction };
  Logical: { readonly fn: LogicalFunction };
  /** condition, then, else */
  Where: Record<never, never>;
  Cast: { readonly to: ElementType };
  /** `alpha * a·b`, the last two axes of each transposed first where asked for. */
  MatMul: { readonly transposeA: boolean; readonly transposeB: boolean; readonly alpha: number };
  /** `alpha * a·b + c`: a, b of rank 2, c broadcast to the result. */
  Gemm: { readonly transposeA: boolean; readonly transposeB: boolean; readonly alpha: number };
  Reduce: { readonly fn: ReduceFunction; readonly axes: readonly number[]; readonly keepDims: boolean };
  Softmax: { readonly axis: number };
  /** x, indices */
  Gather: { readonly axis: number };
  /** x, indices int64 [..., depth] */
  GatherND: Record<never, never>;
  /** base, indices int64 [n, depth], updates: of duplicates, any one wins. */
  ScatterND: Record<never, never>;
  /** base [rows, width], row numbers int32 [n], updates [n, width], added up in the order of n. */
  ScatterAddRows: Record<never, never>;
  Slice: {
    readonly begin: readonly Extent[];
    readonly end: readonly Extent[];
    readonly axes: readonly number[];
    readonly steps: readonly number[];
  };
  Concat: { readonly axis: number };
  Split: { readonly axis: number; readonly sizes: readonly Extent[] };
  Expand: { readonly shape: readonly Extent[] };
  Tile: { readonly repeats: readonly Extent[] };
  Pad: {
    readonly before: readonly Extent[];
    readonly after: readonly Extent[];
    readonly mode: "constant" | "reflect";
    readonly value: number;
  };
  OneHot: {
    readonly depth: Extent;
    readonly on: number;
    readonly off: number;
    readonly dtype: "float32" | "int32" | "bool";
  };
  Transpose: { readonly perm: readonly number[] };
  Reshape: { readonly shape: readonly Extent[] };
  CumSum: { readonly axis: number; readonly exclusive: boolean; readonly reverse: boolean };
  /** values, indices (int64) */
  TopK: { readonly axis: number; readonly k: Extent; readonly sorted: boolean };
  ArgReduce: { readonly fn: "ArgMax" | "ArgMin"; readonly axis: number };
  Range: {
    readonly start: Extent;
    readonly count: Extent;
    readonly step: number;
    readonly dtype: "float32" | "int32";
  };
  /** x, scale, bias; gives the result, and mean and 1/deviation with the last axis kept. */
  LayerNorm: { readonly epsilon: number };
  /**
   * x, and a bias where there is one: `x·weight + bias` in int8, x with one scale a row, weight [inner, columns] with
   * one a column. `lowest`: what x is known never to be below. `gelu`: of the result, in its tanh form.
   */
  Int8MatMul: { readonly weight: Int8Matrix; readonly lowest: number | undefined; readonly gelu: boolean };
  /** indices; rows of a table [rows, width] with one scale a row. */
  Int8Gather: { readonly table: Int8Matrix };
}

export type OpName = keyof OpAttributes;

export interface Node<K extends OpName = OpName> {
  readonly op: K;
  readonly attributes: OpAttributes[K];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** The TensorFlow.js kernel it was recorded from: for errors and profiles only. */
  readonly source: string;
}

/** A node whose attributes are known once its `op` has been looked at. */
export type AnyNode = { [K in OpName]: Node<K> }[OpName];

export type GraphInput = { readonly value: Value; readonly path: string } & (
  | { readonly role: "argument" | "constant" }
  /** Part of a state tensor: `length` elements of the flat tensor number `index` from `start` on. */
  | { readonly role: "state"; readonly index: number; readonly start: number; readonly length: number }
  /** A mask that `random` draws at each run, after those before it in the list. */
  | { readonly role: "mask"; readonly random: MaskSource; readonly rate: number }
);

export interface Graph {
  readonly inputs: readonly GraphInput[];
  readonly nodes: readonly AnyNode[];
  readonly outputs: readonly Value[];
}

/**
 * The closed set of TensorFlow.js kernels that can be compiled, with the inputs and attributes that TensorFlow.js
 * declares for them. `table.ts` is total over it.
 */
import type * as tf from "@tensorflow/tfjs-core";
import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";

interface Kernel<Inputs, Attributes = undefined> {
  readonly inputs: { readonly [K in keyof Inputs]: Value };
  readonly attributes: Attributes;
}
type Unary = Kernel<tf.UnaryInputs>;
type Binary = Kernel<tf.BinaryInputs>;
type Variadic<Attributes = undefined> = {
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
};

export interface Kernels {
  Abs: Unary;
  Acos: Unary;
  Acosh: Unary;
  Add: Binary;
  AddN: Variadic;
  All: Kernel<tf.AllInputs, tf.AllAttrs>;
  Any: Kernel<tf.AnyInputs, tf.AnyAttrs>;
  ArgMax: Kernel<tf.ArgMaxInputs, tf.ArgMaxAttrs>;
  ArgMin: Kernel<tf.ArgMinInputs, tf.ArgMinAttrs>;
  Asin: Unary;
  Asinh: Unary;
  Atan: Unary;
  Atan2: Binary;
  Atanh: Unary;
  BatchMatMul: Kernel<tf.BatchMatMulInputs, tf.BatchMatMulAttrs>;
  Cast: Kernel<tf.CastInputs, tf.CastAttrs>;
  Ceil: Unary;
  ClipByValue: Kernel<tf.ClipByValueInputs, tf.ClipByValueAttrs>;
  Concat: Variadic<tf.ConcatAttrs>;
  Cos: Unary;
  Cosh: Unary;
  Cumsum: Kernel<tf.CumsumInputs, tf.CumsumAttrs>;
  Einsum: Variadic<tf.EinsumAttrs>;
  Elu: Kernel<tf.EluInputs>;
  EluGrad: Kernel<tf.EluGradInputs>;
  Equal: Binary;
  Erf: Unary;
  Exp: Unary;
  ExpandDims: Kernel<tf.ExpandDimsInputs, tf.ExpandDimsAttrs>;
  Expm1: Unary;
  Fill: Kernel<Record<never, never>, tf.FillAttrs>;
  Floor: Unary;
  FloorDiv: Binary;
  FusedBatchNorm: Kernel<tf.FusedBatchNormInputs, tf.FusedBatchNormAttrs>;
  GatherNd: Kernel<tf.GatherNdInputs>;
  GatherV2: Kernel<tf.GatherV2Inputs, tf.GatherV2Attrs>;
  Greater: Binary;
  GreaterEqual: Binary;
  Identity: Kernel<tf.IdentityInputs>;
  IsFinite: Unary;
  IsInf: Unary;
  IsNan: Unary;
  LeakyRelu: Kernel<tf.LeakyReluInputs, tf.LeakyReluAttrs>;
  Less: Binary;
  LessEqual: Binary;
  LinSpace: Kernel<Record<never, never>, tf.LinSpaceAttrs>;
  Log: Unary;
  Log1p: Unary;
  LogicalAnd: Binary;
  LogicalNot: Kernel<tf.LogicalNotInputs>;
  LogicalOr: Binary;
  Max: Kernel<tf.MaxInputs, tf.MaxAttrs>;
  Maximum: Binary;
  Mean: Kernel<tf.MeanInputs, tf.MeanAttrs>;
  Min: Kernel<tf.MinInputs, tf.MinAttrs>;
  Minimum: Binary;
  MirrorPad: Kernel<tf.MirrorPadInputs, tf.MirrorPadAttrs>;
  Mod: Binary;
  Multiply: Binary;
  Neg: Unary;
  NotEqual: Binary;
  OneHot: Kernel<tf.OneHotInputs, tf.OneHotAttrs>;
  OnesLike: Unary;
  Pack: Variadic<tf.PackAttrs>;
  PadV2: Kernel<tf.PadV2Inputs, tf.PadV2Attrs>;
  Pow: Binary;
  Prelu: Kernel<tf.PreluInputs>;
  Prod: Kernel<tf.ProdInputs, tf.ProdAttrs>;
  Range: Kernel<Record<never, never>, tf.RangeAttrs>;
  RealDiv: Binary;
  Reciprocal: Unary;
  Relu: Kernel<tf.ReluInputs>;
  Relu6: Kernel<tf.Relu6Inputs>;
  Reshape: Kernel<tf.ReshapeInputs, tf.ReshapeAttrs>;
  Reverse: Kernel<tf.ReverseInputs, tf.ReverseAttrs>;
  Round: Unary;
  Rsqrt: Unary;
  ScatterNd: Kernel<tf.ScatterNdInputs, tf.ScatterNdAttrs>;
  Select: Kernel<tf.SelectInputs>;
  Selu: Kernel<tf.SeluInputs>;
  Sigmoid: Unary;
  Sign: Unary;
  Sin: Unary;
  Sinh: Unary;
  Slice: Kernel<tf.SliceInputs, tf.SliceAttrs>;
  Softmax: Kernel<tf.SoftmaxInputs, tf.SoftmaxAttrs>;
  Softplus: Unary;
  SplitV: Kernel<tf.SplitVInputs, tf.SplitVAttrs>;
  Sqrt: Unary;
  Square: Kernel<tf.SquareInputs>;
  SquaredDifference: Binary;
  Step: Kernel<tf.StepInputs, tf.StepAttrs>;
  StridedSlice: Kernel<tf.StridedSliceInputs, tf.StridedSliceAttrs>;
  Sub: Binary;
  Sum: Kernel<tf.SumInputs, tf.SumAttrs>;
  Tan: Unary;
  Tanh: Unary;
  TensorScatterUpdate: Kernel<tf.TensorScatterUpdateInputs>;
  Tile: Kernel<tf.TileInputs, tf.TileAttrs>;
  TopK: Kernel<tf.TopKInputs, tf.TopKAttrs>;
  Transpose: Kernel<tf.TransposeInputs, tf.TransposeAttrs>;
  Unpack: Kernel<tf.UnpackInputs, tf.UnpackAttrs>;
  UnsortedSegmentSum: Kernel<tf.UnsortedSegmentSumInputs, tf.UnsortedSegmentSumAttrs>;
  ZerosLike: Unary;
  _FusedMatMul: Kernel<Required<Pick<tf._FusedMatMulInputs, "a" | "b">>, tf._FusedMatMulAttrs> & {
    readonly inputs: { readonly bias?: Value; readonly preluActivationWeights?: Value };
  };
}

export type KernelName = keyof Kernels;

/** How a kernel of these inputs and attributes becomes operators of the graph. */
export interface Rule<Inputs, Attributes> {
  /** Adds the operators and gives the results, as many as the kernel has. Called with concrete shapes. */
  readonly lower: (builder: GraphBuilder, inputs: Inputs, attributes: Attributes) => Value | readonly Value[];
  /** ONNX operators it may become: documentation, checked by a test. */
  readonly onnx: readonly string[];
  /** What of the kernel is refused. */
  readonly limits?: string;
}

export type LoweringRule<K extends KernelName> = Rule<Kernels[K]["inputs"], Kernels[K]["attributes"]>;

/** Refuses a kernel, or a use of it. `hint` says what to do instead. */
export class UnsupportedUse extends Error {
  readonly hint: string;

  constructor(what: string, hint: string) {
    super(what);
    this.hint = hint;
  }
}

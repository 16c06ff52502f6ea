/**
 * Cases for every supported kernel, total over `KernelName`: each is run eagerly and compiled, at two sizes of its
 * symbolic dimensions, forward and (where `gradient` is set) backward, and the results are compared.
 */
import * as tf from "@tensorflow/tfjs";
import { type TensorSpec, tensorSpec } from "../tensor-spec.js";
import type { KernelName } from "./kernels.js";

export interface CaseArgument {
  readonly spec: TensorSpec;
  /** Values are drawn from this range; integers for int32, both ends included. */
  readonly range: readonly [number, number];
}

export interface KernelCase {
  readonly args: readonly CaseArgument[];
  readonly run: (...args: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  /** Also compares the gradients of all float32 arguments. */
  readonly gradient?: boolean;
  /** Why TensorFlow itself (tfjs-node) cannot run it or gives something else than the JavaScript backend. */
  readonly notOnNode?: string;
}

const f = (shape: (number | string)[], low = -2, high = 2): CaseArgument => ({
  spec: tensorSpec("float32", shape),
  range: [low, high],
});
const i = (shape: (number | string)[], low = 0, high = 3): CaseArgument => ({
  spec: tensorSpec("int32", shape),
  range: [low, high],
});
const bool = (shape: (number | string)[]): CaseArgument => ({
  spec: tensorSpec("bool", shape),
  range: [0, 1],
});

const unary = (run: (x: tf.Tensor) => tf.Tensor, low = -2, high = 2, gradient = true): KernelCase[] => [
  { args: [f(["n", 3], low, high)], run: (x) => run(x!), gradient },
];
const binary = (
  run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  a = f(["n", 3], 0.5, 2),
  b = f(["n", 3], 0.5, 2),
  gradient = true,
): KernelCase[] => [
  { args: [a, b], run: (x, y) => run(x!, y!), gradient },
  { args: [a, { ...b, spec: { ...b.spec, shape: [1] } }], run: (x, y) => run(x!, y!), gradient },
  { args: [{ ...a, spec: { ...a.spec, shape: ["n", 1] } }, b], run: (x, y) => run(x!, y!), gradient },
];
/** TensorFlow.js's own gradients of these fail where shapes are broadcast. */
const equalShapes = (run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): KernelCase[] => [
  { args: [f(["n", 3]), f(["n", 3])], run: (x, y) => run(x!, y!), gradient: true },
  { args: [f(["n", 3]), f([1])], run: (x, y) => run(x!, y!) },
];
const compare = (run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): KernelCase[] => [
  ...binary(run, i(["n", 4]), i(["n", 4]), false),
  ...binary(run, f(["n", 4]), f(["n", 4]), false),
];
const logical = (run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): KernelCase[] =>
  binary(run, bool(["n", 4]), bool(["n", 4]), false);
const noBooleansInTensorFlow = (cases: KernelCase[]): KernelCase[] =>
  cases.map((one) => ({ ...one, notOnNode: "TensorFlow does not order booleans" }));
const reduce = (
  run: (x: tf.Tensor, axis?: number | number[], keep?: boolean) => tf.Tensor,
  gradient = true,
): KernelCase[] => [
  { args: [f(["n", 3, "m"], 0.5, 1.5)], run: (x) => run(x!, -1), gradient },
  { args: [f(["n", 3, "m"], 0.5, 1.5)], run: (x) => run(x!, [0, 2], true), gradient },
  { args: [f(["n", 3], 0.5, 1.5)], run: (x) => run(x!), gradient },
];

export const KERNEL_CASES: { readonly [K in KernelName]: readonly KernelCase[] } = {
  Abs: [...unary(tf.abs), { args: [i(["n"], -5, 5)], run: (x) => tf.abs(x!) }],
  Acos: unary(tf.acos, -0.9, 0.9),
  Acosh: unary(tf.acosh, 1.1, 3),
  Add: [...binary(tf.add), ...binary(tf.add, i(["n", 3]), i(["n", 3]), false)],
  AddN: [{ args: [f(["n", 2]), f(["n", 2]), f(["n", 2])], run: (...x) => tf.addN(x), gradient: true }],
  All: [{ args: [bool(["n", 2])], run: (x) => tf.all(x!, 1) }],
  Any: [{ args: [bool(["n", 3])], run: (x) => tf.any(x!, 0, true) }],
  ArgMax: [
    { args: [f(["n", 5])], run: (x) => tf.argMax(x!, -1) },
    { args: [f(["n", 5])], run: (x) => tf.argMax(x!, 0) },
  ],
  ArgMin: [{ args: [f(["n", 5])], run: (x) => tf.argMin(x!, 1) }],
  Asin: unary(tf.asin, -0.9, 0.9),
  Asinh: unary(tf.asinh),
  Atan: unary(tf.atan),
  Atan2: binary(tf.atan2, f(["n", 3]), f(["n", 3])),
  Atanh: unary(tf.atanh, -0.9, 0.9),
  BatchMatMul: [
    { args: [f(["n", 4]), f([4, 3])], run: (a, b) => tf.matMul(a!, b!), gradient: true },
    { args: [f([4, "n"]), f([3, 4])], run: (a, b) => tf.matMul(a!, b!, true, true), gradient: true },
    { args: [f(["n", 4, 2]), f(["n", 4, 3])], run: (a, b) => tf.matMul(a!, b!, true), gradient: true },
    {
      args: [f(["n", 2, 5, 4]), f(["n", 2, 6, 4])],
      run: (a, b) => tf.matMul(a!, b!, false, true),
      gradient: true,
    },
    { args: [f(["n", 2, 4]), f([1, 4, 3])], run: (a, b) => tf.matMul(a!, b!) },
  ],
  Cast: [
    { args: [f(["n"], -9, 9)], run: (x) => tf.cast(x!, "int32") },
    { args: [i(["n"], -1, 1)], run: (x) => tf.cast(x!, "bool") },
    { args: [bool(["n"])], run: (x) => tf.cast(x!, "float32") },
    { args: [f(["n"])], run: (x) => tf.cast(x!, "bool") },
  ],
  Ceil: unary(tf.ceil, -3, 3),
  ClipByValue: unary((x) => tf.clipByValue(x, -1, 0.5)),
  Concat: [
    { args: [f(["n", 2]), f(["n", 3])], run: (a, b) => tf.concat([a!, b!], 1), gradient: true },
    { args: [f(["n", 2]), f(["m", 2])], run: (a, b) => tf.concat([a!, b!], 0), gradient: true },
  ],
  Cos: unary(tf.cos),
  Cosh: unary(tf.cosh),
  Cumsum: [
    { args: [f(["n", 4])], run: (x) => tf.cumsum(x!, 1), gradient: true },
    { args: [f(["n", 4])], run: (x) => tf.cumsum(x!, 0, true, true) },
  ],
  Einsum: [
    { args: [f(["n", "m", 4]), f([4, 5])], run: (a, b) => tf.einsum("btc,cd->btd", a!, b!) },
    { args: [f(["n", 3, "m", 4]), f(["n", 3, "m", 4])], run: (a, b) => tf.einsum("bhqd,bhkd->bhqk", a!, b!) },
    { args: [f(["n", 3])], run: (a) => tf.einsum("ij->ji", a!) },
    { args: [f(["n", 3])], run: (a) => tf.einsum("ij->i", a!) },
  ],
  Elu: unary(tf.elu),
  EluGrad: [
    {
      args: [f(["n"]), f(["n"])],
      run: (dy, y) => tf.engine().runKernel("EluGrad", { dy: dy!, y: y! }) as tf.Tensor,
    },
  ],
  Equal: [...compare(tf.equal), ...logical(tf.equal)],
  Erf: unary(tf.erf),
  Exp: unary(tf.exp),
  ExpandDims: unary((x) => tf.expandDims(x, -1)),
  Expm1: [...unary(tf.expm1), ...unary(tf.expm1, -1e-4, 1e-4)],
  Fill: [{ args: [f(["n", 2])], run: (x) => tf.add(x!, tf.fill(x!.shape, 3)) }],
  Floor: unary(tf.floor, -3, 3),
  FloorDiv: [
    { args: [i(["n"], -9, 9), i(["n"], 1, 4)], run: (a, b) => tf.floorDiv(a!, b!) },
    { args: [i(["n"], -9, 9), i(["n"], -4, -1)], run: (a, b) => tf.div(a!, b!) },
    {
      args: [f(["n"], -9, 9), f(["n"], 1, 4)],
      run: (a, b) => tf.floorDiv(a!, b!),
      notOnNode: "TensorFlow's floorDiv of floats gives floats",
    },
  ],
  FusedBatchNorm: [
    {
      args: [f(["n", 2, 2, 3]), f([3]), f([3], 0.5, 2), f([3]), f([3])],
      run: (x, mean, variance, offset, scale) =>
        tf.batchNorm4d(
          x as tf.Tensor4D,
          mean as tf.Tensor1D,
          variance as tf.Tensor1D,
          offset as tf.Tensor1D,
          scale as tf.Tensor1D,
        ),
      gradient: true,
    },
  ],
  GatherNd: [{ args: [f([4, 4, 2]), i(["n", 2])], run: (x, at) => tf.gatherND(x!, at!) }],
  GatherV2: [
    { args: [f([4, 3]), i(["n", "m"])], run: (x, at) => tf.gather(x!, at as tf.Tensor1D), gradient: true },
    { args: [f(["n", 4, 2]), i([3])], run: (x, at) => tf.gather(x!, at as tf.Tensor1D, 1), gradient: true },
  ],
  Greater: [...compare(tf.greater), ...noBooleansInTensorFlow(logical(tf.greater))],
  GreaterEqual: [...compare(tf.greaterEqual), ...noBooleansInTensorFlow(logical(tf.greaterEqual))],
  Identity: unary((x) => tf.mul(tf.clone(x), 2)),
  IsFinite: [{ args: [f(["n"], -1, 1)], run: (x) => tf.isFinite(tf.log(x!)) }],
  IsInf: [{ args: [i(["n"], 0, 1)], run: (x) => tf.isInf(tf.div(1, tf.cast(x!, "float32"))) }],
  IsNan: [{ args: [f(["n"], -1, 1)], run: (x) => tf.isNaN(tf.log(x!)) }],
  LeakyRelu: unary((x) => tf.leakyRelu(x, 0.1)),
  Less: [...compare(tf.less), ...noBooleansInTensorFlow(logical(tf.less))],
  LessEqual: [...compare(tf.lessEqual), ...noBooleansInTensorFlow(logical(tf.lessEqual))],
  LinSpace: [{ args: [f(["n", 5])], run: (x) => tf.mul(x!, tf.linspace(0, 1, 5)) }],
  Log: unary(tf.log, 0.1, 3),
  Log1p: [...unary(tf.log1p, -0.5, 3), ...unary(tf.log1p, -1e-4, 1e-4)],
  LogicalAnd: logical(tf.logicalAnd),
  LogicalNot: [{ args: [bool(["n"])], run: (x) => tf.logicalNot(x!) }],
  LogicalOr: logical(tf.logicalOr),
  Max: [...reduce(tf.max), { args: [i(["n", 3])], run: (x) => tf.max(x!, 1) }],
  Maximum: [...equalShapes(tf.maximum), ...binary(tf.maximum, i(["n"]), i(["n"]), false)],
  Mean: [...reduce(tf.mean), { args: [i(["n", 3])], run: (x) => tf.mean(x!, 1) }],
  Min: reduce(tf.min),
  Minimum: equalShapes(tf.minimum),
  MirrorPad: [
    {
      args: [f(["n", 3])],
      run: (x) =>
        tf.mirrorPad(
          x!,
          [
            [0, 0],
            [1, 2],
          ],
          "reflect",
        ),
      gradient: true,
    },
  ],
  Mod: [
    ...binary(tf.mod, f(["n", 3], -5, 5), f(["n", 3], 0.5, 2)),
    { args: [i(["n"], -9, 9), i(["n"], 1, 4)], run: (a, b) => tf.mod(a!, b!) },
  ],
  Multiply: [...binary(tf.mul), ...binary(tf.mul, i(["n", 3]), i(["n", 3]), false)],
  Neg: unary(tf.neg),
  NotEqual: [...compare(tf.notEqual), ...logical(tf.notEqual)],
  OneHot: [
    { args: [i(["n"], -1, 5)], run: (x) => tf.oneHot(x!, 4) },
    { args: [i(["n", 2], 0, 4)], run: (x) => tf.oneHot(x!, 5, 2, -1, "float32") },
    { args: [i(["n"], 0, 4)], run: (x) => tf.oneHot(x!, 5, 1, 0, "bool") },
  ],
  OnesLike: unary((x) => tf.add(tf.onesLike(x), x)),
  Pack: [{ args: [f(["n", 2]), f(["n", 2])], run: (a, b) => tf.stack([a!, b!], 1), gradient: true }],
  PadV2: [
    {
      args: [f(["n", 2])],
      run: (x) =>
        tf.pad(
          x!,
          [
            [1, 0],
            [0, 2],
          ],
          0.5,
        ),
      gradient: true,
    },
  ],
  Pow: [
    ...binary(tf.pow),
    { args: [f(["n"], -2, 2)], run: (x) => tf.pow(x!, 3) },
    { args: [i(["n"], 0, 3), i(["n"], 0, 3)], run: (a, b) => tf.pow(a!, b!) },
  ],
  Prelu: [{ args: [f(["n", 3]), f([3], 0.1, 0.5)], run: (x, alpha) => tf.prelu(x!, alpha!), gradient: true }],
  Prod: [{ args: [f(["n", 3], 0.5, 1.5)], run: (x) => tf.prod(x!, 1) }],
  Range: [
    { args: [f(["n", 2])], run: (x) => tf.mul(x!, tf.reshape(tf.range(0, x!.shape[0]!), [-1, 1])) },
    { args: [i(["n"])], run: (x) => tf.add(x!, tf.range(1, x!.shape[0]! + 1, 1, "int32")) },
    { args: [f(["n", 3])], run: (x) => tf.mul(x!, tf.range(0, 1.5, 0.5)) },
  ],
  RealDiv: binary(tf.div),
  Reciprocal: unary(tf.reciprocal, 0.5, 2),
  Relu: unary(tf.relu),
  Relu6: unary(tf.relu6, -8, 8),
  Reshape: [
    { args: [f(["n", 4])], run: (x) => tf.reshape(x!, [-1]), gradient: true },
    {
      args: [f(["n", "m", 6])],
      run: (x) => tf.reshape(x!, [x!.shape[0]!, x!.shape[1]!, 3, 2]),
      gradient: true,
    },
    {
      args: [f(["n", "m", 6])],
      run: (x) => tf.reshape(x!, [x!.shape[0]! * x!.shape[1]! * 3, 2]),
      gradient: true,
    },
  ],
  Reverse: [{ args: [f(["n", 3])], run: (x) => tf.reverse(x!, [0, 1]), gradient: true }],
  Round: unary(tf.round, -3, 3),
  Rsqrt: unary(tf.rsqrt, 0.5, 3),
  ScatterNd: [{ args: [i(["n", 1], 0, 3), f(["n", 2])], run: (at, x) => tf.scatterND(at!, x!, [4, 2]) }],
  Select: [
    { args: [bool(["n", 3]), f(["n", 3]), f(["n", 3])], run: (c, a, b) => tf.where(c!, a!, b!) },
    {
      args: [bool(["n", 3]), f(["n", 3]), f(["n", 3])],
      run: (c, a, b) => tf.where(c!, a!, b!),
      gradient: true,
    },
    { args: [bool(["n", 1]), f(["n", 3])], run: (c, a) => tf.where(c!, a!, tf.scalar(0)) },
  ],
  Selu: unary(tf.selu),
  Sigmoid: unary(tf.sigmoid),
  Sign: unary(tf.sign),
  Sin: unary(tf.sin),
  Sinh: unary(tf.sinh),
  Slice: [
    { args: [f(["n", 6])], run: (x) => tf.slice(x!, [0, 2], [-1, 3]), gradient: true },
    {
      args: [f(["n", "m"])],
      run: (x) => tf.slice(x!, [1, 0], [x!.shape[0]! - 1, x!.shape[1]! - 1]),
      gradient: true,
    },
    {
      args: [f([9, 2]), f(["n"])],
      run: (x, y) => tf.mul(tf.slice(x!, 0, y!.shape[0]!), tf.expandDims(y!, 1)),
    },
  ],
  Softmax: unary((x) => tf.softmax(x)),
  Softplus: unary(tf.softplus),
  SplitV: [
    { args: [f(["n", 6])], run: (x) => tf.split(x!, 3, 1), gradient: true },
    { args: [f(["n", 6])], run: (x) => tf.split(x!, [1, 5], -1), gradient: true },
  ],
  Sqrt: unary(tf.sqrt, 0.1, 3),
  Square: unary(tf.square),
  SquaredDifference: equalShapes(tf.squaredDifference),
  Step: unary((x) => tf.step(x, 0.25), -2, 2, false),
  StridedSlice: [
    { args: [f(["n", 6])], run: (x) => tf.stridedSlice(x!, [0, 1], [x!.shape[0]!, 6], [1, 2]) },
    { args: [f([5, 4])], run: (x) => tf.stridedSlice(x!, [4, 0], [1, 4], [-1, 1], 0, 0, 0, 0, 0) },
    {
      args: [f(["n", 4])],
      run: (x) => tf.stridedSlice(x!, [0, 1], [x!.shape[0]!, 2], [1, 1], 0, 0, 0, 0, 2),
    },
  ],
  Sub: binary(tf.sub),
  Sum: [...reduce(tf.sum), { args: [bool(["n", 3])], run: (x) => tf.sum(x!, 1) }],
  Tan: unary(tf.tan, -1, 1),
  Tanh: unary(tf.tanh),
  TensorScatterUpdate: [
    {
      args: [f([4, 2]), f([2, 2])],
      run: (x, updates) => tf.tensorScatterUpdate(x!, tf.tensor2d([[1], [3]], [2, 1], "int32"), updates!),
      notOnNode:
        "the JavaScript backend of 4.22 writes into the input here, so its result depends on what ran before",
    },
  ],
  Tile: [{ args: [f(["n", 2])], run: (x) => tf.tile(x!, [2, 3]), gradient: true }],
  TopK: [
    {
      args: [f(["n", 7])],
      run: (x) => {
        const { values, indices } = tf.topk(x!, 3);
        return [values, indices];
      },
    },
  ],
  Transpose: [{ args: [f(["n", "m", 3])], run: (x) => tf.transpose(x!, [2, 0, 1]), gradient: true }],
  Unpack: [{ args: [f(["n", 3])], run: (x) => tf.unstack(x!, 1), gradient: true }],
  UnsortedSegmentSum: [
    {
      args: [f(["n", 3]), i(["n"], 0, 3)],
      run: (x, ids) => tf.unsortedSegmentSum(x!, ids as tf.Tensor1D, 4),
    },
    {
      args: [f(["n", 3]), i(["n"], -1, 5)],
      run: (x, ids) => tf.unsortedSegmentSum(x!, ids as tf.Tensor1D, 4),
      notOnNode: "TensorFlow refuses ids out of range on a CPU",
    },
  ],
  ZerosLike: unary((x) => tf.sub(x, tf.zerosLike(x))),
  _FusedMatMul: (["linear", "relu", "sigmoid", "elu", "relu6"] as const).map((activation) => ({
    args: [f(["n", 4]), f([4, 3]), f([3])],
    run: (a, b, bias) => tf.fused.matMul({ a: a!, b: b!, bias: bias!, activation }),
  })),
};

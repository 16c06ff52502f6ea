/** Every operator of the graph: total over `OpName`, so an operator without a rule does not compile. */
import type { OpName } from "../graph.js";
import type { OpDefinition } from "./definition.js";
import { binary, cast, compare, logical, unary, where } from "./elementwise.js";
import { gather, gatherNd, oneHot, scatterAddRows, scatterNd } from "./indexing.js";
import { int8Gather, int8MatMul } from "./int8.js";
import { gemm, matMul } from "./matmul.js";
import { concat, expand, pad, reshape, slice, split, tile, transpose } from "./movement.js";
import { argReduce, cumSum, layerNorm, reduce, softmax, topK } from "./reduction.js";
import { constant, range, size } from "./source.js";

export const OPS: { readonly [K in OpName]: OpDefinition<K> } = {
  Constant: constant,
  Size: size,
  Range: range,
  Unary: unary,
  Binary: binary,
  Compare: compare,
  Logical: logical,
  Where: where,
  Cast: cast,
  MatMul: matMul,
  Gemm: gemm,
  Reduce: reduce,
  Softmax: softmax,
  CumSum: cumSum,
  ArgReduce: argReduce,
  TopK: topK,
  LayerNorm: layerNorm,
  Gather: gather,
  GatherND: gatherNd,
  ScatterND: scatterNd,
  ScatterAddRows: scatterAddRows,
  OneHot: oneHot,
  Slice: slice,
  Concat: concat,
  Split: split,
  Expand: expand,
  Tile: tile,
  Pad: pad,
  Transpose: transpose,
  Reshape: reshape,
  Int8MatMul: int8MatMul,
  Int8Gather: int8Gather,
};

/** The definition of one operator, its attributes' type kept. */
export function definitionOf<K extends OpName>(op: K): OpDefinition<K> {
  return OPS[op];
}

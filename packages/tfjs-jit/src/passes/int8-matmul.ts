/**
 * Products with constant matrices in int8, each as its treatment says. Channel scales go into the gain and bias of a
 * LayerNorm where the activations come straight from one, exactly and at no cost; elsewhere they are a multiplication.
 * GELU behind a product is computed with its bias in one pass.
 */
import type { AnyNode, Value } from "../graph/graph.js";
import { type BoundGraph, dropUnused, floatsOf, rebind } from "../quantization/bound-graph.js";
import { Candidates, type MatrixProduct } from "../quantization/candidates.js";
import { type Int8Matrix, quantizeColumns, quantizeRows } from "../quantization/int8-matrix.js";
import type { Treatment } from "../quantization/precision.js";
import { type RewriteContext, rewrite } from "./rewrite.js";
import type { Producers } from "./scalars.js";

/** Of matrices that are alive: calibration makes several programs of the same ones. */
const quantized = new WeakMap<
  Float32Array,
  { readonly largest: number | undefined; readonly matrix: Int8Matrix }
>();

/** Least value of GELU in its tanh form (at x = -0.7524), rounded away from 0. */
const GELU_LOWEST = -0.1701;

/** @param treatments - by path of the matrix; those without one stay float32  @param tables - whether a table becomes int8 */
export function int8MatMul(
  bound: BoundGraph,
  treatments: ReadonlyMap<string, Treatment>,
  tables: (path: string) => boolean,
): BoundGraph {
  const candidates = new Candidates(bound);
  const graph = rewrite(bound.graph, (node, inputs, context) => {
    const product = candidates.product(node);
    if (product !== undefined) {
      const treatment = treatments.get(product.path) ?? { form: "float32" };
      if (treatment.form === "float32") return undefined;
      if (treatment.form === "int8") return [int8WithScales(context, product, inputs, treatment)];
      const { channelScales } = treatment;
      const folded = foldedIntoLayerNorm(product.x, channelScales, bound, context);
      return [
        folded === undefined
          ? int8WithScales(context, product, inputs, treatment)
          : int8Product(context, product, folded, inputs[2], treatment),
      ];
    }
    if (node.op === "Unary" && node.attributes.fn === "FastGelu") return withGelu(node, inputs, context);
    const table = candidates.table(node);
    if (table === undefined || !tables(table.path)) return undefined;
    const rows = quantizeRows(table.path, table.data, table.rows, table.columns);
    return context.builder.add("Int8Gather", [inputs[1]!], { table: rows });
  });
  return dropUnused(rebind(graph, bound));
}

/** A product in int8; `inputs` are the product's own, in the new graph. Its channel scales are a multiplication. */
export function int8WithScales(
  context: Pick<RewriteContext, "builder">,
  product: MatrixProduct,
  inputs: readonly Value[],
  treatment: Exclude<Treatment, { form: "float32" }>,
): Value {
  const channelScales = treatment.form === "int8-smoothed" ? treatment.channelScales : undefined;
  const x = channelScales === undefined ? inputs[0]! : divided(context, inputs[0]!, channelScales);
  return int8Product(context, product, x, inputs[2], treatment);
}

/** The product with `x`, which has been divided by the channel scales already. */
function int8Product(
  { builder }: Pick<RewriteContext, "builder">,
  { path, data, rows, columns, alpha }: MatrixProduct,
  x: Value,
  bias: Value | undefined,
  treatment: Exclude<Treatment, { form: "float32" }>,
): Value {
  const channelScales = treatment.form === "int8-smoothed" ? treatment.channelScales : undefined;
  const { largest } = treatment;
  const isPlain = channelScales === undefined && alpha === 1;
  const known = isPlain ? quantized.get(data) : undefined;
  const weight =
    known !== undefined && known.largest === largest
      ? known.matrix
      : quantizeColumns(path, data, rows, columns, channelScales, alpha, largest);
  if (isPlain) quantized.set(data, { largest, matrix: weight });
  const lowest = channelScales === undefined && isGelu(builder, x) ? GELU_LOWEST : undefined;
  const inputs = bias === undefined ? [x] : [x, bias];
  return builder.add1("Int8MatMul", inputs, { weight, lowest, gelu: false });
}

/** x / scales, channel by channel. */
function divided({ builder }: Pick<RewriteContext, "builder">, x: Value, scales: Float32Array): Value {
  const inverse = builder.constant({
    dtype: "float32",
    shape: [scales.length],
    data: scales.map((scale) => 1 / scale),
  });
  return builder.binary("Mul", x, inverse);
}

function isGelu(graph: Producers, value: Value): boolean {
  const node = graph.producer(value);
  if (node?.op === "Reshape") return isGelu(graph, node.inputs[0]!);
  return node?.op === "Int8MatMul"
    ? node.attributes.gelu
    : node?.op === "Unary" && node.attributes.fn === "FastGelu";
}

/** The LayerNorm's result divided by the scales, when it and nothing else is what `x` is made of and used for. */
function foldedIntoLayerNorm(
  x: Value,
  scales: Float32Array,
  bound: BoundGraph,
  { builder, old, renamed }: RewriteContext,
): Value | undefined {
  const above = old.producer(x);
  const normal = above?.op === "Reshape" ? above.inputs[0]! : x;
  const node = old.producer(normal);
  if (node?.op !== "LayerNorm" || node.outputs[0]!.id !== normal.id) return undefined;
  if (old.uses(x) > 1 || old.uses(normal) > 1 || node.outputs.slice(1).some((value) => old.uses(value) > 0))
    return undefined;
  const [gain, bias] = node.inputs.slice(1).map((value) => floatsOf(value, bound, old.producer));
  if (gain === undefined || bias === undefined || gain.length !== scales.length) return undefined;
  const scaled = (values: Float32Array): Value =>
    builder.constant({
      dtype: "float32",
      shape: [scales.length],
      data: values.map((value, k) => value / scales[k]!),
    });
  const operands = [renamed(node.inputs[0]!), scaled(gain), scaled(bias)];
  const result = builder.add("LayerNorm", operands, node.attributes)[0]!;
  return above?.op === "Reshape" ? builder.reshape(result, above.attributes.shape) : result;
}

/** GELU of an int8 product that nothing else reads. */
function withGelu(
  node: AnyNode,
  inputs: readonly Value[],
  { builder, old }: RewriteContext,
): readonly Value[] | undefined {
  const reshape = builder.producer(inputs[0]!);
  const between = reshape?.op === "Reshape" ? reshape : undefined;
  const product = builder.producer(between?.inputs[0] ?? inputs[0]!);
  if (product?.op !== "Int8MatMul" || product.attributes.gelu) return undefined;
  const before = old.producer(node.inputs[0]!);
  const oldValues = before?.op === "Reshape" ? [node.inputs[0]!, before.inputs[0]!] : [node.inputs[0]!];
  if (oldValues.some((value) => old.uses(value) > 1)) return undefined;
  const result = builder.add1("Int8MatMul", product.inputs, { ...product.attributes, gelu: true });
  return [between === undefined ? result : builder.reshape(result, between.attributes.shape)];
}

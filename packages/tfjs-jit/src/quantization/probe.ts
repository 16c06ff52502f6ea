/**
 * Measures what int8 would cost each matrix: one program that computes everything in float32, and beside each product
 * the same product in int8, from the same exact activations, whose difference it sums up. Nothing of the size of the
 * activations leaves it.
 */
import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";
import type { HostTensor } from "../host-tensor.js";
import { int8WithScales } from "../passes/int8-matmul.js";
import { copyNode, rewriteWithEnd } from "../passes/rewrite.js";
import { type BoundGraph, rebind } from "./bound-graph.js";
import { Candidates } from "./candidates.js";
import { type OpenSession, withConstantsFed } from "./constants-fed.js";
import type { Treatment } from "./precision.js";

export interface MatrixMeasure {
  readonly path: string;
  /** Root mean square over rows of the relative error of a row of the product. */
  readonly error: number;
  /** [rows of the matrix]: largest |activation| of each channel. */
  readonly channelMaxima: Float32Array;
}

export interface Measures {
  readonly matrices: readonly MatrixMeasure[];
  /** What the program gives in float32, for each calibration run. */
  readonly exact: readonly (readonly HostTensor[])[];
}

/** Rows of a product smaller than this are not looked at: nothing is left of them but rounding. */
const SMALLEST_SQUARE = 1e-20;

/**
 * @param treatments - by path; matrices without one, or float32, are not measured
 * @param runs - feeds of the calibration, in the order of the graph's arguments
 */
export function measureInt8(
  bound: BoundGraph,
  treatments: ReadonlyMap<string, Treatment>,
  runs: readonly (readonly HostTensor[])[],
  openSession: OpenSession,
): Promise<Measures> {
  const { graph, paths } = probeGraph(bound, treatments);
  return withConstantsFed(graph, openSession, async (run) => {
    const outputCount = bound.graph.outputs.length;
    const squares = new Float64Array(paths.length);
    const maxima: Float32Array[] = [];
    const exact: (readonly HostTensor[])[] = [];
    for (const args of runs) {
      const results = await run(args);
      exact.push(results.slice(0, outputCount));
      for (const i of paths.keys()) {
        squares[i] = squares[i]! + results[outputCount + 2 * i]!.data[0]! / runs.length;
        const channels = results[outputCount + 2 * i + 1]!.data as Float32Array;
        const known = maxima[i];
        maxima[i] = known === undefined ? channels : known.map((size, k) => Math.max(size, channels[k]!));
      }
    }
    const matrices = paths.map((path, i) => ({
      path,
      error: Math.sqrt(squares[i]!),
      channelMaxima: maxima[i]!,
    }));
    return { matrices, exact };
  });
}

/** The graph with two more outputs for each matrix: mean square relative error, and channel maxima. */
function probeGraph(
  bound: BoundGraph,
  treatments: ReadonlyMap<string, Treatment>,
): { graph: BoundGraph; paths: readonly string[] } {
  const candidates = new Candidates(bound);
  const paths: string[] = [];
  const probes: Value[] = [];
  const graph = rewriteWithEnd(
    bound.graph,
    (node, inputs, { builder }) => {
      const product = candidates.product(node);
      const treatment = product && treatments.get(product.path);
      if (product === undefined || treatment === undefined || treatment.form === "float32") return undefined;
      const exact = copyNode(builder, node, inputs);
      const int8 = int8WithScales({ builder }, product, inputs, treatment);
      paths.push(product.path);
      probes.push(meanSquareError(builder, exact[0]!, int8), channelMaxima(builder, inputs[0]!));
      return exact;
    },
    ({ renamed }) => [...bound.graph.outputs.map(renamed), ...probes],
  );
  return { graph: rebind(graph, bound), paths };
}

function meanSquareError(builder: GraphBuilder, exact: Value, int8: Value): Value {
  const last = exact.shape.length - 1;
  const difference = builder.binary("Sub", exact, int8);
  const sumOfSquares = (x: Value): Value => builder.reduce("ReduceSum", builder.binary("Mul", x, x), [last]);
  const size = builder.binary("Max", sumOfSquares(exact), builder.scalar(SMALLEST_SQUARE));
  const relative = builder.binary("Div", sumOfSquares(difference), size); // [rows]
  const axes = relative.shape.map((_, axis) => axis);
  return builder.reduce("ReduceMean", relative, axes);
}

function channelMaxima(builder: GraphBuilder, x: Value): Value {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  return builder.reduce("ReduceMax", builder.unary("Abs", x), axes);
}

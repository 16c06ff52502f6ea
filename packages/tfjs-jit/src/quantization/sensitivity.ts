/**
 * Measures what int8 in one matrix alone does to the results of the whole program. Early matrices matter more than late
 * ones, and how much more depends on the model; errors of single products do not tell. One program computes each product
 * in both ways and takes `exact + gate · (int8 - exact)`; it runs once for each matrix, with that gate alone at 1.
 */
import type { HostTensor } from "../host-tensor.js";
import { int8WithScales } from "../passes/int8-matmul.js";
import { copyNode, rewriteWithEnd } from "../passes/rewrite.js";
import { type BoundGraph, rebind } from "./bound-graph.js";
import { Candidates } from "./candidates.js";
import { type OpenSession, withConstantsFed } from "./constants-fed.js";
import type { Treatment } from "./precision.js";

/**
 * @param treatments - of the matrices to measure, by path
 * @param runs - feeds of the calibration that it is measured on
 * @param errorOf - of run i's results
 * @returns by path, the mean square error of the results
 */
export function measureSensitivity(
  bound: BoundGraph,
  treatments: ReadonlyMap<string, Treatment>,
  runs: readonly (readonly HostTensor[])[],
  errorOf: (run: number, results: readonly HostTensor[]) => number,
  openSession: OpenSession,
): Promise<Map<string, number>> {
  const { graph, paths } = gatedGraph(bound, treatments);
  return withConstantsFed(graph, openSession, async (run) => {
    const found = new Map<string, number>();
    for (const [i, path] of paths.entries()) {
      const gates = paths.map((_, k) => scalar(k === i ? 1 : 0));
      let sum = 0;
      for (const [k, args] of runs.entries()) sum += errorOf(k, await run([...args, ...gates])) ** 2;
      found.set(path, sum / runs.length);
    }
    return found;
  });
}

function gatedGraph(
  bound: BoundGraph,
  treatments: ReadonlyMap<string, Treatment>,
): { graph: BoundGraph; paths: readonly string[] } {
  const candidates = new Candidates(bound);
  const paths: string[] = [];
  const graph = rewriteWithEnd(
    bound.graph,
    (node, inputs, { builder }) => {
      const product = candidates.product(node);
      const treatment = product && treatments.get(product.path);
      if (product === undefined || treatment === undefined || treatment.form === "float32") return undefined;
      const exact = copyNode(builder, node, inputs)[0]!;
      const int8 = int8WithScales({ builder }, product, inputs, treatment);
      const path = `gate${paths.push(product.path) - 1}`;
      const gate = builder.input({ dtype: "float32", shape: [] }, { path, role: "argument" });
      const step = builder.binary("Mul", gate, builder.binary("Sub", int8, exact));
      return [builder.binary("Add", exact, step)];
    },
    ({ renamed }) => bound.graph.outputs.map(renamed),
  );
  return { graph: rebind(graph, bound), paths };
}

function scalar(value: number): HostTensor {
  return { dtype: "float32", shape: [], data: Float32Array.of(value) };
}

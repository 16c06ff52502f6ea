/** Decides, for each matrix by itself, how it is computed: int8 as it is, int8 with channel scales, or float32. */
import type { HostTensor } from "../host-tensor.js";
import type { BoundGraph } from "./bound-graph.js";
import { Candidates } from "./candidates.js";
import type { OpenSession } from "./constants-fed.js";
import type { MatrixReport, Treatment, WeightRange } from "./precision.js";
import { measureInt8 } from "./probe.js";
import { smoothingScales } from "./smoothing.js";

/** A matrix, how it is to be treated, and what is known of its error. */
export interface MatrixPlan extends MatrixReport {
  readonly treatment: Treatment;
  /** Elements: what it costs to compute. */
  readonly size: number;
}

export interface Plan {
  readonly matrices: readonly MatrixPlan[];
  /** Results in float32 for each calibration run; empty without calibration. */
  readonly exact: readonly (readonly HostTensor[])[];
}

/** Matrices at or under this relative error are left as they are: channel scales are not tried. */
const GOOD_ENOUGH = 0.012;

/**
 * @param limit - matrices whose relative error stays above it are float32
 * @param range - of the weights' integers on this processor
 */
export async function planMatrices(
  bound: BoundGraph,
  keepFloat: (path: string) => boolean,
  limit: number,
  runs: readonly (readonly HostTensor[])[],
  openSession: OpenSession,
  range: WeightRange = {},
): Promise<Plan> {
  const candidates = new Candidates(bound);
  const products = new Map(
    bound.graph.nodes.flatMap((node) => {
      const product = candidates.product(node);
      return product === undefined ? [] : [[product.path, product] as const];
    }),
  );
  const planOf = (
    path: string,
    treatment: Treatment,
    error: number | undefined,
    plainError: number | undefined,
  ): MatrixPlan => {
    const { rows, columns } = products.get(path)!;
    return { path, form: treatment.form, error, plainError, treatment, size: rows * columns };
  };
  const paths = [...products.keys()];
  const kept = paths.filter(keepFloat).map((path) => planOf(path, { form: "float32" }, 0, undefined));
  const wanted = paths.filter((path) => !keepFloat(path));
  if (runs.length === 0) {
    const matrices = wanted.map((path) => planOf(path, { form: "int8", ...range }, undefined, undefined));
    return { matrices: [...kept, ...matrices], exact: [] };
  }
  const plain = await measureInt8(
    bound,
    new Map(wanted.map((path) => [path, { form: "int8", ...range }])),
    runs,
    openSession,
  );
  const smoothing = new Map(
    plain.matrices
      // Not "above": NaN is no good either.
      .filter(({ error }) => !(error <= GOOD_ENOUGH))
      .map(({ path, channelMaxima }): [string, Treatment] => {
        const { data, rows, columns } = products.get(path)!;
        const channelScales = smoothingScales(channelMaxima, data, rows, columns);
        return [path, { form: "int8-smoothed", channelScales, ...range }];
      }),
  );
  const smoothed =
    smoothing.size === 0 ? [] : (await measureInt8(bound, smoothing, runs, openSession)).matrices;
  const smoothedErrors = new Map(smoothed.map(({ path, error }) => [path, error]));
  const matrices = plain.matrices.map(({ path, error: plainError }): MatrixPlan => {
    const smoothedError = smoothedErrors.get(path) ?? Number.POSITIVE_INFINITY;
    const error = Math.min(plainError, smoothedError);
    if (!(error <= limit)) return planOf(path, { form: "float32" }, 0, plainError);
    const treatment: Treatment =
      plainError <= smoothedError ? { form: "int8", ...range } : smoothing.get(path)!;
    return planOf(path, treatment, error, plainError);
  });
  return { matrices: [...kept, ...matrices], exact: plain.exact };
}

/**
 * The plan with as few matrices more in float32 as leave that part of the squared error of the results. Contributions of
 * single matrices add up as squares do; only their proportions are used, since they were measured on few messages.
 * @param contributions - mean square error of the results with that matrix alone in int8, by path
 */
export function keepWithin(
  matrices: readonly MatrixPlan[],
  contributions: ReadonlyMap<string, number>,
  part: number,
): readonly MatrixPlan[] {
  const order = matrices
    .filter(({ path }) => contributions.has(path))
    .toSorted((a, b) => contributions.get(b.path)! / b.size - contributions.get(a.path)! / a.size);
  const total = order.reduce((sum, { path }) => sum + contributions.get(path)!, 0);
  let left = total;
  const kept = new Set<string>();
  for (const { path } of order) {
    if (left <= part * total) break;
    left -= contributions.get(path)!;
    kept.add(path);
  }
  return matrices.map((plan) =>
    kept.has(plan.path) ? { ...plan, form: "float32", treatment: { form: "float32" }, error: 0 } : plan,
  );
}

/**
 * From a float32 graph to the int8 one that may be used in its place: measure each matrix, treat the bad ones, compare
 * the whole program with float32, keep more of it float32 where that is not enough, give up where it never is.
 */
import { checkGraph } from "../graph/check.js";
import type { HostTensor } from "../host-tensor.js";
import { int8MatMul } from "../passes/int8-matmul.js";
import type { Session } from "../session.js";
import { type BoundGraph, dropUnused } from "./bound-graph.js";
import { Candidates } from "./candidates.js";
import { largestRowError } from "./output-error.js";
import type { Int8Precision, Int8Report, MatrixReport, Treatment } from "./precision.js";
import { measureInt8 } from "./probe.js";
import { smoothingScales } from "./smoothing.js";

/** Matrices at or under this relative error are left as they are: channel scales are not tried. */
const GOOD_ENOUGH = 0.01;
const DEFAULT_LIMIT = 0.02;
/** Parts of the matrices, worst first, that are kept in float32 in turn until the outputs are good enough. */
const KEPT_PARTS = [0, 0.15, 0.4];

export interface PreparedInt8 {
  readonly bound: BoundGraph;
  readonly session: Session;
}

export interface Int8Input {
  readonly bound: BoundGraph;
  readonly precision: Int8Precision;
  /** Feeds of the calibration runs, in the order of the graph's arguments. */
  readonly runs: readonly (readonly HostTensor[])[];
  readonly openSession: (bound: BoundGraph) => Promise<Session>;
}

/** A matrix, how it is to be treated, and what is known of its error. */
interface Plan extends MatrixReport {
  readonly treatment: Treatment;
}

/** @returns the program's graph and session: int8, or float32 where int8 is not good enough */
export async function prepareInt8(input: Int8Input): Promise<PreparedInt8> {
  const { bound, precision, runs, openSession } = input;
  const limit = precision.outputLimit ?? DEFAULT_LIMIT;
  const keepFloat = precision.keepFloat ?? (() => false);
  const tables = (path: string): boolean => precision.tables === true && !keepFloat(path);
  const { plans, exact } = await planMatrices(input, keepFloat);
  const report = (used: readonly Plan[], outputError: Int8Report["outputError"], int8: boolean): void =>
    precision.onReport?.({
      precision: int8 ? "int8" : "float32",
      matrices: used.map(({ path, form, error, plainError }) => ({ path, form, error, plainError })),
      outputError,
      outputLimit: limit,
    });
  let attempt = plans;
  let outputError: Int8Report["outputError"];
  for (const part of KEPT_PARTS) {
    attempt = keepWorst(plans, part);
    const treatments = new Map(attempt.map(({ path, treatment }) => [path, treatment]));
    const int8 = int8MatMul(bound, treatments, tables);
    checkGraph(int8.graph, "pass int8-matmul");
    const session = await openSession(int8);
    if (runs.length === 0) {
      report(attempt, undefined, true);
      return { bound: int8, session };
    }
    outputError = await compare(session, runs, exact, precision.outputError ?? largestRowError);
    if (outputError.max <= limit) {
      report(attempt, outputError, true);
      return { bound: int8, session };
    }
    await session.dispose();
  }
  report(attempt, outputError, false);
  const float = dropUnused(bound);
  return { bound: float, session: await openSession(float) };
}

async function planMatrices(
  { bound, precision, runs, openSession }: Int8Input,
  keepFloat: (path: string) => boolean,
): Promise<{ plans: readonly Plan[]; exact: readonly (readonly HostTensor[])[] }> {
  const candidates = new Candidates(bound);
  const products = new Map(
    bound.graph.nodes.flatMap((node) => {
      const product = candidates.product(node);
      return product === undefined ? [] : [[product.path, product] as const];
    }),
  );
  const wanted = [...products.keys()].filter((path) => !keepFloat(path));
  const kept: Plan[] = [...products.keys()]
    .filter(keepFloat)
    .map((path) => ({ path, ...floatPlan, error: 0, plainError: undefined }));
  if (runs.length === 0)
    return {
      plans: [
        ...kept,
        ...wanted.map((path) => ({ path, ...int8Plan, error: undefined, plainError: undefined })),
      ],
      exact: [],
    };
  const isWanted = new Set(wanted);
  const plain = await measureInt8(
    bound,
    (path) => (isWanted.has(path) ? "none" : undefined),
    runs,
    openSession,
  );
  const scales = new Map(
    plain.matrices
      .filter(({ error }) => !(error <= GOOD_ENOUGH))
      .map(({ path, channelMaxima }) => {
        const { data, rows, columns } = products.get(path)!;
        return [path, smoothingScales(channelMaxima, data, rows, columns)] as const;
      }),
  );
  const smoothed =
    scales.size === 0 ? undefined : await measureInt8(bound, (path) => scales.get(path), runs, openSession);
  const smoothedErrors = new Map(smoothed?.matrices.map(({ path, error }) => [path, error]));
  const limit = precision.matrixLimit ?? DEFAULT_LIMIT;
  const plans = plain.matrices.map(({ path, error: plainError }): Plan => {
    const smoothedError = smoothedErrors.get(path) ?? Number.POSITIVE_INFINITY;
    const error = Math.min(plainError, smoothedError);
    if (!(error <= limit)) return { path, ...floatPlan, error: 0, plainError };
    if (plainError <= smoothedError) return { path, ...int8Plan, error, plainError };
    const treatment: Treatment = { form: "int8-smoothed", channelScales: scales.get(path)! };
    return { path, treatment, form: treatment.form, error, plainError };
  });
  return { plans: [...kept, ...plans], exact: plain.exact };
}

const floatPlan = { form: "float32", treatment: { form: "float32" } } as const;
const int8Plan = { form: "int8", treatment: { form: "int8" } } as const;

/** The plans with that part of the matrices float32 that has the largest errors. */
function keepWorst(plans: readonly Plan[], part: number): readonly Plan[] {
  const worst = plans
    .toSorted((a, b) => (b.error ?? 0) - (a.error ?? 0))
    .slice(0, Math.ceil(plans.length * part));
  const kept = new Set(worst.map(({ path }) => path));
  return plans.map((plan) => (kept.has(plan.path) ? { ...plan, ...floatPlan, error: 0 } : plan));
}

async function compare(
  session: Session,
  runs: readonly (readonly HostTensor[])[],
  exact: readonly (readonly HostTensor[])[],
  errorOf: (exact: readonly HostTensor[], int8: readonly HostTensor[]) => number,
): Promise<{ mean: number; max: number }> {
  const errors: number[] = [];
  for (const [i, run] of runs.entries()) errors.push(errorOf(exact[i]!, await session.run(run, [])));
  return {
    mean: errors.reduce((sum, error) => sum + error, 0) / errors.length,
    // NaN is above every limit.
    max: errors.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...errors),
  };
}

/**
 * From a float32 graph to the int8 one that may be used in its place: measure each matrix and treat the bad ones, compare
 * the whole program with float32, keep the matrices in float32 that matter most where it is not good enough, and all of
 * them where it never is.
 */
import { checkGraph } from "../graph/check.js";
import type { HostTensor } from "../host-tensor.js";
import { int8MatMul } from "../passes/int8-matmul.js";
import type { Session } from "../session.js";
import { type BoundGraph, dropUnused } from "./bound-graph.js";
import type { OpenSession } from "./constants-fed.js";
import { largestRowError } from "./output-error.js";
import { keepWithin, type MatrixPlan, planMatrices } from "./plan-matrices.js";
import type { Int8Precision, Int8Report } from "./precision.js";
import { measureSensitivity } from "./sensitivity.js";
import { REDUCED, weightRange } from "./weight-range.js";

const DEFAULT_LIMIT = 0.02;
/** Part of the limit that weights of 7 bits may use on the calibration: on other messages they are off by some more. */
const REDUCED_RANGE_SHARE = 0.8;
/** Parts of the limit that are aimed at in turn, since contributions are measured on few messages. */
const TARGETS = [0.95, 0.8, 0.6];
/** Calibration runs that contributions are measured on, the worst ones: one program run each for every matrix. */
const SENSITIVITY_RUNS = 2;

export interface Int8Input {
  readonly bound: BoundGraph;
  readonly precision: Int8Precision;
  /** Feeds of the calibration runs, in the order of the graph's arguments. */
  readonly runs: readonly (readonly HostTensor[])[];
  readonly openSession: OpenSession;
}

export interface PreparedInt8 {
  readonly bound: BoundGraph;
  readonly session: Session;
}

type OutputError = NonNullable<Int8Report["outputError"]>;

/** @returns the program's graph and session: int8, or float32 where int8 is not good enough */
export async function prepareInt8({ bound, precision, runs, openSession }: Int8Input): Promise<PreparedInt8> {
  const keepFloat = precision.keepFloat ?? (() => false);
  const range = precision.portable === true ? REDUCED : await weightRange(openSession);
  const outputLimit = precision.outputLimit ?? DEFAULT_LIMIT;
  const aim = outputLimit * (range.largest === undefined ? 1 : REDUCED_RANGE_SHARE);
  const errorOf = precision.outputError ?? largestRowError;
  const plan = await planMatrices(
    bound,
    keepFloat,
    precision.matrixLimit ?? DEFAULT_LIMIT,
    runs,
    openSession,
    range,
  );
  const report = (
    used: Int8Report["precision"],
    matrices: readonly MatrixPlan[],
    outputError: OutputError | undefined,
  ): void =>
    precision.onReport?.({
      precision: used,
      weightBits: range.largest === undefined ? 8 : 7,
      matrices: matrices.map(({ path, form, error, plainError }) => ({ path, form, error, plainError })),
      outputError,
      outputLimit,
    });
  const open = async (matrices: readonly MatrixPlan[]): Promise<PreparedInt8> => {
    const treatments = new Map(matrices.map(({ path, treatment }) => [path, treatment]));
    const int8 = int8MatMul(bound, treatments, (path) => precision.tables === true && !keepFloat(path));
    checkGraph(int8.graph, "pass int8-matmul");
    return { bound: int8, session: await openSession(int8) };
  };

  let { matrices } = plan;
  let errors: readonly number[] = [];
  let first: OutputError | undefined;
  let contributions: ReadonlyMap<string, number> | undefined;
  for (const target of [undefined, ...TARGETS]) {
    if (target !== undefined) {
      const worst = [...errors.keys()].sort((a, b) => errors[b]! - errors[a]!).slice(0, SENSITIVITY_RUNS);
      contributions ??= await measureSensitivity(
        bound,
        new Map(plan.matrices.map(({ path, treatment }) => [path, treatment])),
        worst.map((i) => runs[i]!),
        (k, results) => errorOf(plan.exact[worst[k]!]!, results),
        openSession,
      );
      matrices = keepWithin(plan.matrices, contributions, ((target * aim) / first!.max) ** 2);
    }
    if (matrices.every(({ form }) => form === "float32") && precision.tables !== true) break;
    const prepared = await open(matrices);
    errors = await errorsOf(prepared.session, runs, plan.exact, errorOf);
    const outputError = summary(errors);
    first ??= outputError;
    if (outputError === undefined || outputError.max <= aim) {
      report("int8", matrices, outputError);
      return prepared;
    }
    await prepared.session.dispose();
    if (!Number.isFinite(outputError.max)) break;
  }
  const kept = plan.matrices.map((matrix) => ({ ...matrix, form: "float32" as const }));
  report("float32", kept, first);
  const float = dropUnused(bound);
  return { bound: float, session: await openSession(float) };
}

async function errorsOf(
  session: Session,
  runs: readonly (readonly HostTensor[])[],
  exact: readonly (readonly HostTensor[])[],
  errorOf: (exact: readonly HostTensor[], int8: readonly HostTensor[]) => number,
): Promise<number[]> {
  const errors: number[] = [];
  for (const [i, run] of runs.entries()) errors.push(errorOf(exact[i]!, await session.run(run, [])));
  return errors;
}

function summary(errors: readonly number[]): OutputError | undefined {
  if (errors.length === 0) return undefined;
  return {
    mean: errors.reduce((sum, error) => sum + error, 0) / errors.length,
    // NaN is above every limit.
    max: errors.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...errors),
  };
}

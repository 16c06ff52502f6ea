/**
 * A recorded function as an ONNX file for other runtimes: Python, the browser, C#. Without int8 it has ONNX's own
 * operators only. Symbolic dimensions stay symbolic. Nothing is written here: the caller gets the bytes.
 */
import { flattenHosted, flattenSpecs, matchArguments } from "../arguments.js";
import { callFunction } from "../engine/call-function.js";
import type { Hosted, Specs } from "../engine/engine.js";
import type { UserFunction } from "../engine/untyped-engine.js";
import { JitError } from "../errors.js";
import { checkGraph } from "../graph/check.js";
import type { Graph } from "../graph/graph.js";
import type { HostTensor } from "../host-tensor.js";
import { optimize } from "../passes/index.js";
import { stockOperators } from "../passes/stock-operators.js";
import { type BoundGraph, bind } from "../quantization/bound-graph.js";
import type { Int8Precision } from "../quantization/precision.js";
import { prepareInt8 } from "../quantization/prepare-int8.js";
import { type RecordedInput, record } from "../record/record.js";
import { createSession } from "../session.js";
import type { TensorSpec } from "../tensor-spec.js";
import { type FlatTree, unflattenTree } from "../tree.js";
import { type EncodedFile, encodeFile, encodeModel, type FileOptions } from "./encode-model.js";

export interface OnnxExportOptions extends Omit<FileOptions, "description"> {
  /** What the model is, for people who look into the file. */
  readonly description: string;
  /**
   * int8 in place of float32: a quarter of the size. The file then has operators of the domain com.microsoft, which ONNX
   * Runtime has for every language and the web, and other runtimes have not. As in `ProgramOptions.precision`.
   */
  readonly precision?: Int8Precision;
}

/**
 * @param fn - as for `Engine.compile`; one that draws random numbers is refused
 * @param constants - `fn`'s first argument; becomes part of the file
 * @param args - dtype and shape of every other argument; string dimensions are symbolic
 * @returns the pieces of the file, or of both files with `weightsFile`; pieces are views of the constants
 * @throws {JitError} what `Engine.compile` throws; ARGUMENT_MISMATCH when the names are not as many as the tensors
 */
export async function exportOnnx<C, A extends readonly unknown[], R>(
  fn: (constants: C, ...args: A) => R,
  constants: Hosted<C>,
  args: Specs<A>,
  options: OnnxExportOptions,
): Promise<EncodedFile> {
  const name = fn.name || "the function";
  const given = flattenHosted(constants, "constants");
  const specs = flattenSpecs(args, "arguments");
  // The trees that go in have the structure of the types by construction: both are checked while recording.
  const { graph } = recordFunction(fn as unknown as UserFunction, given, specs, name);
  if (graph.inputs.some(({ role }) => role === "mask"))
    throw new JitError("INVALID_FUNCTION", `${name}: a file cannot draw random numbers; leave dropout out`);
  checkCount("inputNames", options.inputNames, specs.leaves.length);
  checkCount("outputNames", options.outputNames, graph.outputs.length);
  checkGraph(graph, "recording");
  const values = given.leaves.map(({ value }) => value);
  const finished = bind(optimize(graph), values);
  const { precision } = options;
  const final =
    precision === undefined ? stock(finished, values) : await quantized(finished, precision, specs, name);
  return encodeFile(final.graph, final.constants, options);
}

function recordFunction(
  fn: UserFunction,
  given: FlatTree<HostTensor>,
  specs: FlatTree<TensorSpec>,
  name: string,
): { graph: Graph } {
  const inputsOf = (flat: FlatTree<TensorSpec>, role: RecordedInput["role"]): RecordedInput[] =>
    flat.leaves.map(({ path, value }) => ({ path, role, spec: value }));
  return record(
    [...inputsOf(given, "constant"), ...inputsOf(specs, "argument")],
    (tensors) => {
      const fixed = unflattenTree(given.structure, tensors.slice(0, given.leaves.length));
      const rest = unflattenTree(specs.structure, tensors.slice(given.leaves.length));
      const result = callFunction(() => fn(fixed, ...(Array.isArray(rest) ? rest : [rest])), name);
      return { tensors: result.leaves.map(({ value }) => value), structure: result.structure };
    },
    name,
  );
}

function stock({ graph }: BoundGraph, values: readonly HostTensor[]): BoundGraph {
  const portable = stockOperators.apply(graph);
  checkGraph(portable, "pass stock-operators");
  return bind(portable, values);
}

async function quantized(
  bound: BoundGraph,
  precision: Int8Precision,
  specs: FlatTree<TensorSpec>,
  name: string,
): Promise<BoundGraph> {
  const { bound: int8, session } = await prepareInt8({
    bound,
    precision,
    runs: (precision.calibration ?? []).map((run) => matchArguments(run, specs, "arguments").leaves),
    openSession: ({ graph, constants }) =>
      createSession(encodeModel(graph, constants), { threads: 1, spin: false, name }),
  });
  await session.dispose();
  return int8;
}

function checkCount(what: string, names: readonly string[], count: number): void {
  if (names.length === count && new Set(names).size === count) return;
  throw new JitError(
    "ARGUMENT_MISMATCH",
    `${what}: expected ${count} different names, but got ${names.length}`,
  );
}

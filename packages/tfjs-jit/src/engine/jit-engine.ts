/**
 * The compiling engine: records a function, checks and simplifies its graph, encodes it as ONNX and runs it in ONNX
 * Runtime. Constants become part of the model; a step's state lives in two sets of arrays that take turns as input and
 * output, so that no step copies it.
 */
import { availableParallelism } from "node:os";
import { allocate, flattenHosted, flattenSpecs, matchArguments, sizeOf } from "../arguments.js";
import { JitError } from "../errors.js";
import { checkGraph } from "../graph/check.js";
import { type Extent, evaluateExtent, productOf } from "../graph/extent.js";
import type { Graph, GraphInput } from "../graph/graph.js";
import type { HostTensor } from "../host-tensor.js";
import { encodeModel } from "../onnx/encode-model.js";
import { chunkUpdates, type StatePart } from "../passes/chunk-updates.js";
import { optimize, type PassFilter } from "../passes/index.js";
import { bind } from "../quantization/bound-graph.js";
import { prepareInt8 } from "../quantization/prepare-int8.js";
import { type RecordedInput, record } from "../record/record.js";
import { createSession, type Session } from "../session.js";
import type { TensorSpec } from "../tensor-spec.js";
import { type FlatTree, type TreeLeaf, type TreeStructure, unflattenTree } from "../tree.js";
import { callFunction } from "./call-function.js";
import type { Engine, ProgramOptions } from "./engine.js";
import { callStep } from "./step-function.js";
import { programName, typedEngine, type UserFunction } from "./untyped-engine.js";

export interface JitOptions {
  /** Threads of one program; default: the number of processors, at most 16. */
  readonly threads?: number;
  /**
   * Whether threads wait for their part of a product actively: a little faster where the processor is free, and up to twice the
   * processor's time where other processes want it, a server's for one. Default true.
   */
  readonly spin?: boolean;
  /** Which passes run, by name; default: all. For measuring. */
  readonly passes?: PassFilter;
  /** Gets the graph of every program, after its passes: for reading and tests. */
  readonly onGraph?: (graph: Graph, name: string) => void;
  /** Prefix of files to which ONNX Runtime writes the time of every operator. */
  readonly profileTo?: string;
}

/** More threads than this do not pay at the sizes that fit one machine's memory. */
const MAX_THREADS = 16;

export function createJitEngine(options: JitOptions = {}): Engine {
  return typedEngine({
    name: "jit",
    compile: (fn, constants, args, programOptions) =>
      compileProgram(fn, constants, args, programOptions, options),
    compileStep: (fn, state, constants, args, programOptions) =>
      compileStepProgram(fn, state, constants, args, programOptions, options),
  });
}

/** `fn` over constants and arguments as one program. */
export async function compileProgram(
  fn: UserFunction,
  constants: unknown,
  args: readonly unknown[],
  programOptions: ProgramOptions,
  options: JitOptions,
) {
  const name = programName(fn.name, programOptions);
  const specs = flattenSpecs(args, "arguments");
  // What stays alive with the program is the session and the names of its inputs: not the constants, nor the graph.
  const { inputs, structure, session } = await recordAndPrepare(
    fn,
    constants,
    specs,
    name,
    programOptions,
    options,
  );
  return {
    async run(values: readonly unknown[]) {
      const { leaves, sizes } = matchArguments(values, specs, "arguments");
      const results = await session.run(feedsOf({ inputs }, [], leaves, sizes), []);
      return unflattenTree(structure, results);
    },
    dispose: () => session.dispose(),
  };
}

async function recordAndPrepare(
  fn: UserFunction,
  constants: unknown,
  specs: FlatTree<TensorSpec>,
  name: string,
  { precision }: ProgramOptions,
  options: JitOptions,
): Promise<{ inputs: Graph["inputs"]; structure: TreeStructure; session: Session }> {
  const given = flattenHosted(constants, "constants");
  const { graph, structure } = record(
    [...recorded(given, "constant"), ...recorded(specs, "argument")],
    (tensors) => {
      const fixed = unflattenTree(given.structure, tensors.slice(0, given.leaves.length));
      const rest = unflattenTree(specs.structure, tensors.slice(given.leaves.length));
      const result = callFunction(() => fn(fixed, ...listOf(rest)), name);
      return { tensors: result.leaves.map(({ value }) => value), structure: result.structure };
    },
    name,
  );
  if (precision === undefined) {
    const { session, finished } = await prepare(graph, given.leaves, name, options);
    return { inputs: finished.inputs, structure, session };
  }
  if (graph.inputs.some(({ role }) => role === "mask"))
    throw new JitError("INVALID_FUNCTION", `${name}: int8 is for programs that draw no random numbers`);
  checkGraph(graph, "recording");
  const values = given.leaves.map(({ value }) => value);
  const { bound, session } = await prepareInt8({
    bound: bind(optimize(graph, options.passes), values),
    precision,
    runs: (precision.calibration ?? []).map((run) => matchArguments(run, specs, "arguments").leaves),
    openSession: ({ graph, constants }) => openSession(graph, constants, name, options),
  });
  options.onGraph?.(bound.graph, name);
  return { inputs: bound.graph.inputs, structure, session };
}

async function compileStepProgram(
  fn: UserFunction,
  state: unknown,
  constants: unknown,
  args: readonly unknown[],
  programOptions: ProgramOptions,
  options: JitOptions,
) {
  const name = programName(fn.name, programOptions);
  const initial = flattenHosted(state, "state");
  const given = flattenHosted(constants, "constants");
  const specs = flattenSpecs(args, "arguments");
  const count = initial.leaves.length;
  const inputs = [
    ...recorded(initial, "state"),
    ...recorded(given, "constant"),
    ...recorded(specs, "argument"),
  ];
  let resultStructure: TreeStructure = { kind: "absent" };
  const recording = record(
    inputs,
    (tensors) => {
      const carried = unflattenTree(initial.structure, tensors.slice(0, count));
      const fixed = unflattenTree(given.structure, tensors.slice(count, count + given.leaves.length));
      const rest = unflattenTree(specs.structure, tensors.slice(count + given.leaves.length));
      const { next, result } = callStep(fn, [carried, fixed, ...listOf(rest)], initial, name);
      resultStructure = result.structure;
      return { tensors: [...next, ...result.leaves.map(({ value }) => value)], structure: result.structure };
    },
    name,
  );
  // State that a step returns as it got it (frozen parameters) is neither written nor exchanged.
  const changed = initial.leaves.flatMap((_, i) =>
    recording.graph.outputs[i]?.id === recording.graph.inputs[i]?.value.id ? [] : [i],
  );
  const outputs = [
    ...changed.map((i) => recording.graph.outputs[i]!),
    ...recording.graph.outputs.slice(count),
  ];
  const whole = outputs.map((_, i): StatePart => {
    const index = changed[i];
    return index === undefined
      ? undefined
      : { index, start: 0, length: initial.leaves[index]!.value.data.length };
  });
  const { session, finished, parts } = await prepare(
    { ...recording.graph, outputs },
    given.leaves,
    name,
    options,
    whole,
  );
  let current = initial.leaves.map(({ value }) => copyOf(value));
  const spare = new Map(changed.map((i) => [i, emptyLike(current[i]!)]));
  return {
    async step(values: readonly unknown[]) {
      const { leaves, sizes } = matchArguments(values, specs, "arguments");
      const results = await session.run(
        feedsOf(finished, current, leaves, sizes),
        parts.map((part, i) => part && partOf(spare.get(part.index)!, part, finished.outputs[i]!.shape)),
      );
      const former = current;
      current = former.map((tensor, i) => spare.get(i) ?? tensor);
      for (const i of changed) spare.set(i, former[i]!);
      return unflattenTree(
        resultStructure,
        results.filter((_, i) => parts[i] === undefined),
      );
    },
    readState: () => unflattenTree(initial.structure, current.map(copyOf)),
    writeState(next: unknown) {
      const { leaves } = matchArguments(next, initial, "state");
      current = leaves.map(copyOf);
    },
    dispose: () => session.dispose(),
  };
}

function recorded(flat: FlatTree<TensorSpec>, role: RecordedInput["role"]): RecordedInput[] {
  return flat.leaves.map(({ path, value }) => ({ path, role, spec: value }));
}

async function prepare(
  graph: Graph,
  constants: readonly TreeLeaf<HostTensor>[],
  name: string,
  options: JitOptions,
  whole: readonly StatePart[] = graph.outputs.map(() => undefined),
): Promise<{ session: Session; finished: Graph; parts: readonly StatePart[] }> {
  checkGraph(graph, "recording");
  const simplified = optimize(graph, options.passes);
  const chunk = options.passes?.("chunk-updates") ?? true;
  const { graph: finished, parts } = chunk
    ? chunkUpdates(simplified, whole)
    : { graph: simplified, parts: whole };
  checkGraph(finished, "chunk-updates");
  options.onGraph?.(finished, name);
  const values = finished.inputs
    .filter(({ role }) => role === "constant")
    .map(({ value }, i) => [value.id, constants[i]!.value] as const);
  const session = await openSession(finished, new Map(values), name, options);
  return { session, finished, parts };
}

function openSession(
  graph: Graph,
  constants: ReadonlyMap<number, HostTensor>,
  name: string,
  { threads, spin = true, profileTo }: JitOptions,
): Promise<Session> {
  return createSession(encodeModel(graph, constants), {
    threads: threads ?? Math.min(availableParallelism(), MAX_THREADS),
    spin,
    name,
    ...(profileTo === undefined ? {} : { profileTo }),
  });
}

/** Tensors for the graph's inputs in its order; masks are drawn here, in the order of the dropout calls. */
function feedsOf(
  graph: Pick<Graph, "inputs">,
  state: readonly HostTensor[],
  args: readonly HostTensor[],
  sizes: ReadonlyMap<string, number>,
): HostTensor[] {
  let next = 0;
  const feeds: HostTensor[] = [];
  for (const input of graph.inputs) {
    if (input.role === "argument") feeds.push(args[next++]!);
    else if (input.role === "mask") feeds.push(drawMask(input, sizes));
    else if (input.role === "state") feeds.push(partOf(state[input.index]!, input, input.value.shape));
  }
  return feeds;
}

/** A view of some elements of a state tensor; shapes of state are never symbolic. */
function partOf(
  tensor: HostTensor,
  { start, length }: { readonly start: number; readonly length: number },
  shape: readonly Extent[],
): HostTensor {
  const sizes = shape.map((extent) => evaluateExtent(extent, new Map()));
  return { dtype: tensor.dtype, shape: sizes, data: tensor.data.subarray(start, start + length) };
}

function drawMask(
  input: GraphInput & { readonly role: "mask" },
  sizes: ReadonlyMap<string, number>,
): HostTensor {
  const shape = input.value.shape.map((extent) => evaluateExtent(extent, sizes));
  const data = input.random.drawMask(evaluateExtent(productOf(input.value.shape), sizes), input.rate);
  return { dtype: "bool", shape, data };
}

function copyOf(tensor: HostTensor): HostTensor {
  return { ...tensor, data: tensor.data.slice() };
}

function emptyLike(tensor: HostTensor): HostTensor {
  return { ...tensor, data: allocate(tensor.dtype, sizeOf(tensor.shape)) };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

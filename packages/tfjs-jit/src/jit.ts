/**
 * `jit(fn)`: the compiler for users who have tensors. The function is recorded when it is called with shapes it has not
 * been called with before, or once and for all when symbolic shapes are given; calls run in ONNX Runtime. Tensors go in
 * and come out; in between is the engine of `engine/jit-engine.ts`.
 */
import * as tf from "@tensorflow/tfjs-core";
import { allocate } from "./arguments.js";
import type { Specs } from "./engine/engine.js";
import { compileProgram } from "./engine/jit-engine.js";
import { RunQueue } from "./engine/run-queue.js";
import { programName, type UntypedProgram, type UserFunction } from "./engine/untyped-engine.js";
import { JitError } from "./errors.js";
import type { HostTensor } from "./host-tensor.js";
import { isHostTensor, isTensor } from "./leaves.js";
import type { TensorSpec } from "./tensor-spec.js";
import { describeStructure, type FlatTree, flattenTree, unflattenTree } from "./tree.js";

export interface JitFunctionOptions<A> {
  /** dtype and shape of every argument; string dimensions are symbolic, and one recording serves all their sizes. */
  readonly args?: Specs<A>;
  /** Name in errors; default: the function's own. */
  readonly name?: string;
  /** Default: the number of processors, at most 16. */
  readonly threads?: number;
  /** How many recordings are kept when `args` is not given; the one used longest ago goes. Default 16. */
  readonly maxPrograms?: number;
}

export interface JitFunction<A extends readonly unknown[], R> {
  /** Arguments are read before the call returns and stay the caller's; the tensors of the result are the caller's. */
  (...args: A): Promise<R>;
  /** Frees every recording, after the calls under way. */
  dispose(): Promise<void>;
}

/**
 * Compiles a function over tensors in nested objects and arrays.
 * @param fn - pure: it is called with placeholders while it is recorded, twice, and not again after that
 * @throws {JitError} the returned function rejects with UNSUPPORTED_KERNEL, READ_WHILE_RECORDING, ARGUMENT_MISMATCH, ...
 */
export function jit<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  options: JitFunctionOptions<A> = {},
): JitFunction<A, R> {
  // The arguments come from unflattening what was flattened: they have the types they had.
  const withoutConstants: UserFunction = (_, ...args: readonly unknown[]) => fn(...(args as A));
  const name = programName(fn.name, options);
  const programs = new Map<string, Promise<UntypedProgram>>();
  const maxPrograms = Math.max(1, options.maxPrograms ?? 16);
  const queue = new RunQueue();
  let disposed = false;

  const programFor = (values: FlatTree<HostTensor>): Promise<UntypedProgram> => {
    const key = options.args === undefined ? keyOf(values) : "";
    let program = programs.get(key);
    if (program === undefined) {
      const specs =
        options.args ??
        unflattenTree(
          values.structure,
          values.leaves.map(({ value }) => specOf(value)),
        );
      program = compileProgram(withoutConstants, {}, listOf(specs), { name }, options);
      // A failed recording is tried again at the next call: its cause may have been an argument.
      program.catch(() => programs.delete(key));
    }
    programs.delete(key);
    programs.set(key, program);
    return program;
  };
  const dropOldest = async (): Promise<void> => {
    for (const [key, program] of programs) {
      if (programs.size <= maxPrograms) return;
      programs.delete(key);
      await (await program).dispose();
    }
  };
  const call = async (values: FlatTree<HostTensor>): Promise<R> => {
    const program = await programFor(values);
    const result = await program.run(
      listOf(
        unflattenTree(
          values.structure,
          values.leaves.map(({ value }) => value),
        ),
      ),
    );
    await dropOldest();
    const flat = flattenTree(result, isHostTensor, "result");
    const tensors = flat.leaves.map(({ value }) => tf.tensor(value.data, [...value.shape], value.dtype));
    // The structure is what the function returned while it was recorded.
    return unflattenTree(flat.structure, tensors) as R;
  };
  const jitted = (...args: A): Promise<R> => {
    if (disposed) return Promise.reject(new JitError("DISPOSED", `${name} was called after dispose`));
    try {
      const flat = flattenTree(args, isTensor, "arguments");
      const leaves = flat.leaves.map(({ path, value }) => ({ path, value: hostOf(value, path) }));
      return queue.add(() => call({ leaves, structure: flat.structure }));
    } catch (error) {
      return Promise.reject(error);
    }
  };
  return Object.assign(jitted, {
    async dispose(): Promise<void> {
      disposed = true;
      await queue.drained();
      const open = [...programs.values()];
      programs.clear();
      for (const program of await Promise.allSettled(open)) {
        if (program.status === "fulfilled") await program.value.dispose();
      }
    },
  });
}

function keyOf({ leaves, structure }: FlatTree<HostTensor>): string {
  const types = leaves.map(({ path, value }) => `${path}:${value.dtype}[${value.shape}]`);
  return `${describeStructure(structure)} ${types.sort().join(" ")}`;
}

function specOf({ dtype, shape }: HostTensor): TensorSpec {
  return { dtype, shape };
}

function hostOf(tensor: tf.Tensor, path: string): HostTensor {
  const { dtype } = tensor;
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
    throw new JitError("ARGUMENT_MISMATCH", `${path}: dtype must be float32, int32 or bool, but is ${dtype}`);
  }
  const data = allocate(dtype, tensor.size);
  data.set(tensor.dataSync());
  return { dtype, shape: tensor.shape.slice(), data };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

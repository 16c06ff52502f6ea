import type { HostTensor } from "../host-tensor.js";
import type { Int8Precision } from "../quantization/precision.js";
import type { RandomSource } from "../random-source.js";
import type { TensorLike } from "../tensor-like.js";
import type { TensorSpec } from "../tensor-spec.js";

/**
 * An engine runs functions over TensorFlow.js tensors: compiled (`jit`) or eagerly on a TensorFlow.js backend.
 * Every engine gives the same numbers to float32 rounding; which one runs is the caller's choice alone.
 */
export type EngineName = "jit" | "tfjs-node-gpu" | "tfjs-node" | "tfjs-cpu";

/** What a user may ask for: an engine, or `auto` (tfjs-node-gpu where it loads and a GPU answers, else jit). */
export type EngineChoice = EngineName | "auto";

/** Tensors in nested objects and arrays. */
export type Tree<Leaf> = Leaf | readonly Tree<Leaf>[] | { readonly [key: string]: Tree<Leaf> };

/** The same structure with every tensor replaced by `Leaf`. */
export type MapTensors<T, Leaf> = T extends TensorLike
  ? Leaf
  : { readonly [K in keyof T]: MapTensors<T[K], Leaf> };

/** The structure of `T` with its values on the host. */
export type Hosted<T> = MapTensors<T, HostTensor>;

/** The structure of `T` with the type of each tensor. */
export type Specs<T> = MapTensors<T, TensorSpec>;

export interface ProgramOptions {
  /** The generator behind every `random.dropout` that the function calls. */
  readonly random?: RandomSource;
  /** Name in errors and profiles, for example "classifier forward". */
  readonly name?: string;
  /** Default: float32, exact. int8 is for `compile` on the compiled engine; elsewhere it is not looked at. */
  readonly precision?: Int8Precision;
}

export interface Engine {
  readonly name: EngineName;

  /**
   * Prepares `fn` to be run many times.
   * @param fn - pure function over TensorFlow.js tensors; it is called with placeholders when it is recorded
   * @param constants - `fn`'s first argument: weights that stay the same from run to run (kept, not copied, while the program lives)
   * @param args - dtype and shape of every other argument; string dimensions are symbolic
   */
  compile<C, A extends readonly unknown[], R>(
    fn: (constants: C, ...args: A) => R,
    constants: Hosted<C>,
    args: Specs<A>,
    options?: ProgramOptions,
  ): Promise<Program<A, R>>;

  /**
   * Prepares a step that carries state: parameters, optimizer moments. The state lives where the engine computes and
   * is exchanged there, so a step copies only its arguments and its result.
   * @param fn - returns the next state, of the same structure and shapes, and a result
   */
  compileStep<S, C, A extends readonly unknown[], R>(
    fn: (state: S, constants: C, ...args: A) => { state: S; result: R },
    state: Hosted<S>,
    constants: Hosted<C>,
    args: Specs<A>,
    options?: ProgramOptions,
  ): Promise<StepProgram<S, A, R>>;

  dispose(): Promise<void>;
}

export interface Program<A extends readonly unknown[], R> {
  /** Calls may overlap; they are run one after another. The result belongs to the caller. */
  run(...args: Hosted<A> extends readonly unknown[] ? Hosted<A> : never): Promise<Hosted<R>>;
  dispose(): Promise<void>;
}

export interface StepProgram<S, A extends readonly unknown[], R> {
  step(...args: Hosted<A> extends readonly unknown[] ? Hosted<A> : never): Promise<Hosted<R>>;
  /** A copy of the state after the last finished step. */
  readState(): Promise<Hosted<S>>;
  /** Replaces the state, for example with a checkpoint's. */
  writeState(state: Hosted<S>): Promise<void>;
  dispose(): Promise<void>;
}

/** Calls a step function, eagerly or recorded, and checks that the state it returns can be the next step's. */
import type * as tf from "@tensorflow/tfjs-core";
import { JitError } from "../errors.js";
import type { TensorSpec } from "../tensor-spec.js";
import { describeStructure, type FlatTree } from "../tree.js";
import { callFunction } from "./call-function.js";
import type { UserFunction } from "./untyped-engine.js";

/**
 * Calls a step function and takes its result apart.
 * @returns the next state in the order of `stateSpecs`
 * @throws {JitError} RESULT_MISMATCH when the next state differs from the present one in structure, dtype or shape
 */
export function callStep(
  fn: UserFunction,
  args: readonly unknown[],
  stateSpecs: FlatTree<TensorSpec>,
  title: string,
): { next: tf.Tensor[]; result: FlatTree<tf.Tensor> } {
  let result: unknown;
  const state = callFunction(() => {
    const both = fn(...args);
    if (both instanceof Promise) return both;
    if (typeof both !== "object" || both === null || !("state" in both) || !("result" in both)) {
      throw new JitError("RESULT_MISMATCH", `${title} must return { state, result }`);
    }
    result = both.result;
    return both.state;
  }, title);
  return { next: matchState(state, stateSpecs, title), result: callFunction(() => result, title) };
}

/** @throws {JitError} RESULT_MISMATCH */
function matchState(state: FlatTree<tf.Tensor>, expected: FlatTree<TensorSpec>, title: string): tf.Tensor[] {
  const wanted = describeStructure(expected.structure);
  const got = describeStructure(state.structure);
  if (wanted !== got) {
    throw new JitError("RESULT_MISMATCH", `${title} must return a state of structure ${wanted}, not ${got}`);
  }
  const byPath = new Map(state.leaves.map(({ path, value }) => [relative(path), value]));
  return expected.leaves.map(({ path, value: spec }) => {
    const tensor = byPath.get(relative(path))!;
    const before = `${spec.dtype} [${spec.shape.join(", ")}]`;
    const after = `${tensor.dtype} [${tensor.shape.join(", ")}]`;
    if (before !== after) {
      throw new JitError(
        "RESULT_MISMATCH",
        `${title}: ${path} was ${before} and must stay so, but became ${after}`,
      );
    }
    return tensor;
  });
}

/** A path without the name of its root, which differs between what goes in and what comes out. */
function relative(path: string): string {
  return path.replace(/^[^.[]*/, "");
}

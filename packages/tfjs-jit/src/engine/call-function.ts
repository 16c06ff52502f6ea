/**
 * Calls a user's function with tensors, eagerly or recorded, and says clearly what TensorFlow.js only hints at when it
 * fails: that a gradient has no gradient functions to go by, or that the function is asynchronous.
 */

import type * as tf from "@tensorflow/tfjs-core";
import { JitError } from "../errors.js";
import { isTensor } from "../leaves.js";
import { type FlatTree, flattenTree } from "../tree.js";

/** @returns the tensors of the function's result */
export function callFunction(call: () => unknown, name: string): FlatTree<tf.Tensor> {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    throw explain(error, name);
  }
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new JitError("INVALID_FUNCTION", `${name} returned a promise; it must be an ordinary function`);
  }
  try {
    return flattenTree(result, isTensor, `the result of ${name}`);
  } catch (error) {
    if (error instanceof JitError) throw new JitError("RESULT_MISMATCH", error.message, { cause: error });
    throw error;
  }
}

function explain(error: unknown, name: string): unknown {
  if (error instanceof Error && /^Kernel '\w+' not registered for backend/.test(error.message)) {
    const kernel = /^Kernel '(\w+)'/.exec(error.message)?.[1];
    return new JitError(
      "UNSUPPORTED_KERNEL",
      `${name} uses the TensorFlow.js kernel ${kernel}, which this engine cannot run; ` +
        "write it with supported ops (see the README of tfjs-jit), or run the function on another engine",
      { cause: error },
    );
  }
  if (error instanceof Error && /gradient function not found for/.test(error.message)) {
    const kernel = /not found for (\w+)/.exec(error.message)?.[1] ?? "a kernel";
    return new JitError(
      "GRADIENT_NOT_REGISTERED",
      `${name} takes a gradient through ${kernel}, which has no gradient function; ` +
        'import "@tensorflow/tfjs", which registers them (@tensorflow/tfjs-core alone has none), or keep ' +
        "ops without a derivative (comparisons) off the differentiated path",
      { cause: error },
    );
  }
  return error;
}

/** Calls a function with another TensorFlow.js backend in force and puts the former one back, also when it throws. */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { JitError } from "../errors.js";

/** @param f - synchronous: the backend is global, so nothing else may run meanwhile */
export function withBackend<R>(name: string, f: () => R): R {
  // Asking for the backend chooses one when the program has none yet; then there is one to go back to.
  tf.backend();
  const former = tf.getBackend();
  activate(name);
  try {
    return f();
  } finally {
    activate(former);
  }
}

/** `tf.tidy` for a function whose result holds no tensors: everything made inside is disposed. */
export function inScope<R>(f: () => R): R {
  tf.engine().startScope();
  try {
    return f();
  } finally {
    tf.engine().endScope();
  }
}

function activate(name: string): void {
  if (tf.getBackend() === name) return;
  // For a backend whose factory is synchronous, or that is initialised, this takes effect before it returns.
  tf.setBackend(name).catch(() => undefined);
  if (tf.getBackend() !== name)
    throw new JitError(
      "ENGINE_UNAVAILABLE",
      `TensorFlow.js backend ${name} is not ready; await tf.ready() first`,
    );
}

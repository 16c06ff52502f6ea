/**
 * Loads the optional packages that run TensorFlow.js on TensorFlow's own library. Neither is a dependency: they are
 * taken when the user has installed them. The backend that was in force stays in force.
 */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { JitError } from "../errors.js";
import { quietly } from "./quietly.js";

/** Under which both packages register themselves; so only one of them can be used in a process. */
export const NODE_BACKEND = "tensorflow";

/**
 * @returns when the backend is registered and answers
 * @throws {JitError} ENGINE_UNAVAILABLE when the package is absent, does not load, or (for -gpu) no GPU answers
 */
export async function loadNodeBackend(engine: "tfjs-node" | "tfjs-node-gpu"): Promise<void> {
  const packageName = `@tensorflow/${engine}`;
  tf.backend();
  const former = tf.getBackend();
  try {
    await quietly(() => import(packageName));
    await tf.setBackend(NODE_BACKEND);
    const backend: object = tf.backend();
    if (engine === "tfjs-node-gpu" && !("isUsingGpuDevice" in backend && backend.isUsingGpuDevice === true)) {
      throw new Error("it loaded, but no CUDA device answered");
    }
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new JitError(
      "ENGINE_UNAVAILABLE",
      `engine ${engine} is not available: ${reason}; install ${packageName} and what it needs, or use engine jit`,
      { cause: error },
    );
  } finally {
    await tf.setBackend(former);
  }
}

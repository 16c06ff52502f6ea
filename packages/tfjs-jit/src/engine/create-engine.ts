/** Makes the engine that is asked for; `auto` tries a GPU first and says in `attempts` what was tried. */
import * as tf from "@tensorflow/tfjs-core";
import { JitError } from "../errors.js";
import { withBackend } from "./backend-scope.js";
import { createEagerEngine } from "./eager-engine.js";
import type { Engine, EngineChoice, EngineName } from "./engine.js";
import { createJitEngine } from "./jit-engine.js";
import { loadNodeBackend, NODE_BACKEND } from "./node-backend.js";
import { quietly } from "./quietly.js";

export interface EngineOptions {
  /** Threads of the compiled engine; default: the number of processors, at most 16. */
  readonly threads?: number;
  /**
   * Whether threads wait for their part of a product actively: a little faster where the processor is free, and up to twice the
   * processor's time where other processes want it, a server's for one. Default true.
   */
  readonly spin?: boolean;
}

/** One engine that was tried, and why it was passed over. */
export interface EngineAttempt {
  readonly engine: EngineName;
  readonly error?: string;
}

/**
 * @throws {JitError} ENGINE_UNAVAILABLE when the engine does not load; `auto` always finds one
 */
export async function createEngine(choice: EngineChoice, options: EngineOptions = {}): Promise<Engine> {
  return (await selectEngine(choice, options)).engine;
}

/** As `createEngine`, and tells what was tried: for diagnosis. The caller disposes the engine. */
export async function selectEngine(
  choice: EngineChoice,
  options: EngineOptions = {},
): Promise<{ engine: Engine; attempts: readonly EngineAttempt[] }> {
  const order: readonly EngineName[] = choice === "auto" ? ["tfjs-node-gpu", "jit"] : [choice];
  const attempts: EngineAttempt[] = [];
  for (const name of order) {
    try {
      const engine = await open(name, options);
      return { engine, attempts: [...attempts, { engine: name }] };
    } catch (error) {
      if (!(error instanceof JitError) || error.code !== "ENGINE_UNAVAILABLE" || choice !== "auto")
        throw error;
      attempts.push({ engine: name, error: error.message });
    }
  }
  throw new JitError("ENGINE_UNAVAILABLE", attempts.map((attempt) => attempt.error).join("; "));
}

async function open(name: EngineName, options: EngineOptions): Promise<Engine> {
  switch (name) {
    case "tfjs-cpu":
      // The first tensor on this backend makes it recommend tfjs-node on the console.
      await quietly(async () => withBackend("cpu", () => tf.scalar(0).dispose()));
      return createEagerEngine(name, "cpu");
    case "tfjs-node":
    case "tfjs-node-gpu":
      await loadNodeBackend(name);
      return createEagerEngine(name, NODE_BACKEND);
    case "jit":
      return createJitEngine(options);
  }
}

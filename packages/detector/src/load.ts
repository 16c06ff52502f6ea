/** From a detector directory to a Detector: reads the artifact, makes the tokenizer and the engine, compiles the network. */
import { basename, resolve } from "node:path";
import { flattenParams } from "@btp/core-gpt";
import { createEngine, type Engine, type EngineChoice } from "@btp/tfjs-jit";
import type { BaseResolver } from "./artifact/delta.js";
import { readArtifact, type StoredArtifact } from "./artifact/read.js";
import { findBaseOffline } from "./base.js";
import type { BatchLimits } from "./batch.js";
import type { Detector, DetectorInfo } from "./detection.js";
import { createDetector } from "./detector.js";
import { compileNetwork } from "./network.js";
import { tokenizerOf } from "./tokenizer.js";

export interface LoadOptions {
  /** What computes; default "auto". An Engine that is given is shared: dispose() leaves it alive. */
  readonly engine?: EngineChoice | Engine;
  /** Threads of an engine that is made here; default: one a core. */
  readonly threads?: number;
  /** Finds the base of a detector that is stored as a delta; default: in the weights cache, without downloading. */
  readonly resolveBase?: BaseResolver;
  /** How many messages are computed together; the default suits any model up to GPT-2's size. */
  readonly batchLimits?: BatchLimits;
}

/**
 * @param dir - a detector directory, as training writes it
 * @returns a detector that the caller disposes
 * @throws {DetectorError} DETECTOR_NOT_FOUND, CONFIG_INVALID, FORMAT_VERSION_UNSUPPORTED, WEIGHTS_INVALID,
 *   BASE_NOT_FOUND, BASE_MISMATCH  @throws {JitError} ENGINE_UNAVAILABLE
 */
export async function loadDetector(dir: string, options: LoadOptions = {}): Promise<Detector> {
  // The directory first: a wrong path should not cost the time an engine takes to start.
  const artifact = await readArtifact(dir, { resolveBase: options.resolveBase ?? findBaseOffline });
  const tokenizer = await tokenizerOf({ ...artifact, vocabSize: artifact.architecture.vocabSize });
  const given = options.engine ?? "auto";
  const owned = typeof given === "string";
  const engine = owned
    ? await createEngine(given, options.threads ? { threads: options.threads } : {})
    : given;
  const release = async () => {
    if (owned) await engine.dispose();
  };
  try {
    const network = await compileNetwork(engine, artifact.architecture, artifact.params);
    const info = describeDetector(basename(resolve(dir)), artifact, engine);
    const { batchLimits } = options;
    return createDetector({ info, tokenizer, network, release, ...(batchLimits && { batchLimits }) });
  } catch (error) {
    await release();
    throw error;
  }
}

function describeDetector(name: string, artifact: StoredArtifact, engine: Engine): DetectorInfo {
  const sizes = flattenParams(artifact.params).map(({ value }) => value.data.length);
  return {
    name,
    sha256: artifact.sha256,
    parameters: sizes.reduce((sum, size) => sum + size, 0),
    maxLength: artifact.maxLength,
    threshold: artifact.threshold,
    temperature: artifact.temperature,
    engine: engine.name,
  };
}

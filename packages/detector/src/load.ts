/** From a detector directory to a Detector: reads the artifact, makes the tokenizer and the engine, compiles the network. */
import { basename, resolve } from "node:path";
import { flattenParams, type Tokenizer } from "@btp/core-gpt";
import { createEngine, type Engine, type EngineChoice, type Int8Report } from "@btp/tfjs-jit";
import type { BaseResolver } from "./artifact/delta.js";
import { readArtifact, type StoredArtifact } from "./artifact/read.js";
import { findBaseOffline } from "./base.js";
import { type BatchLimits, defaultBatchLimits, int8BatchLimits } from "./batch.js";
import { calibrationRows, scoreError, scoreLimit } from "./calibration.js";
import { collectGarbage } from "./collect-garbage.js";
import type { DetectorInfo, LoadedDetector, Precision } from "./detection.js";
import { createDetector } from "./detector.js";
import { compileNetwork, type Network } from "./network.js";
import { tokenizerOf } from "./tokenizer.js";

export interface LoadOptions {
  /** What computes; default "auto". An Engine that is given is shared: dispose() leaves it alive. */
  readonly engine?: EngineChoice | Engine;
  /** Threads of an engine that is made here; default: one a core. */
  readonly threads?: number;
  /** Whether that engine's threads wait actively for work; false where other processes want the processor too. Default true. */
  readonly spin?: boolean;
  /** Finds the base of a detector that is stored as a delta; default: in the weights cache, without downloading. */
  readonly resolveBase?: BaseResolver;
  /**
   * "int8": a third of the time and of the memory, with scores within 0.02 of float32's on some messages, or else float32
   * after all (see `onNote`). For the compiled engine; other engines stay at float32. Default "fp32".
   */
  readonly precision?: Precision;
  /** Told, in a sentence, what came of int8. */
  readonly onNote?: (text: string) => void;
  /** How many messages are computed together; the default suits any model up to GPT-2's size. */
  readonly batchLimits?: BatchLimits;
}

/**
 * @param dir - a detector directory, as training writes it
 * @returns a detector that the caller disposes
 * @throws {DetectorError} DETECTOR_NOT_FOUND, CONFIG_INVALID, FORMAT_VERSION_UNSUPPORTED, WEIGHTS_INVALID,
 *   BASE_NOT_FOUND, BASE_MISMATCH  @throws {JitError} ENGINE_UNAVAILABLE
 */
export async function loadDetector(dir: string, options: LoadOptions = {}): Promise<LoadedDetector> {
  const detector = await readAndCompile(dir, options);
  if (detector.info.parameters >= largeModel) await collectGarbage();
  return detector;
}

/** Parameters from which on what loading leaves behind, 4 bytes each, is given back at once: GPT-2 has 124 million. */
const largeModel = 20_000_000;

async function readAndCompile(dir: string, options: LoadOptions): Promise<LoadedDetector> {
  // The directory first: a wrong path should not cost the time an engine takes to start.
  const artifact = await readArtifact(dir, { resolveBase: options.resolveBase ?? findBaseOffline });
  const tokenizer = await tokenizerOf({ ...artifact, vocabSize: artifact.architecture.vocabSize });
  const given = options.engine ?? "auto";
  const owned = typeof given === "string";
  const engine = owned
    ? await createEngine(given, {
        ...(options.threads ? { threads: options.threads } : {}),
        ...(options.spin === undefined ? {} : { spin: options.spin }),
      })
    : given;
  const release = async () => {
    if (owned) await engine.dispose();
  };
  try {
    const { network, precision } = await compileWith(engine, artifact, tokenizer, options);
    const info = { ...describeDetector(basename(resolve(dir)), artifact, engine), precision };
    const batchLimits = options.batchLimits ?? (precision === "int8" ? int8BatchLimits : defaultBatchLimits);
    return createDetector({ info, tokenizer, network, release, batchLimits });
  } catch (error) {
    await release();
    throw error;
  }
}

/** The network in the precision asked for, or as near to it as the engine and the scores allow. */
async function compileWith(
  engine: Engine,
  { architecture, params, temperature, maxLength }: StoredArtifact,
  tokenizer: Tokenizer,
  { precision = "fp32", onNote = () => undefined }: LoadOptions,
): Promise<{ readonly network: Network; readonly precision: Precision }> {
  if (precision === "fp32" || engine.name !== "jit") {
    if (precision === "int8")
      onNote(`int8 is for the compiled engine (jit): computing in float32 on ${engine.name}.`);
    return { network: await compileNetwork(engine, architecture, params), precision: "fp32" };
  }
  let used: Precision = "fp32";
  const network = await compileNetwork(engine, architecture, params, {
    calibration: calibrationRows(tokenizer, maxLength),
    errorOf: (exact, int8) => scoreError(exact, int8, temperature),
    limit: scoreLimit,
    onReport(report) {
      used = report.precision === "int8" ? "int8" : "fp32";
      onNote(describeInt8(report));
    },
  });
  return { network, precision: used };
}

function describeInt8({ precision, matrices, outputError }: Int8Report): string {
  const error = outputError?.max.toFixed(4);
  if (precision === "float32")
    return (
      `Warning: computing in float32, since in int8 scores would differ by more than ${scoreLimit}` +
      `${error === undefined ? "." : `: by up to ${error}.`}`
    );
  const count = matrices.filter(({ form }) => form !== "float32").length;
  return `Computing ${count} of ${matrices.length} matrices in int8; scores differ by up to ${error} from float32.`;
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

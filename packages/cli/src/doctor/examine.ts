/** Gathers the doctor's report: tries the engines, loads the model, classifies one message with it. */
import { freemem, totalmem } from "node:os";
import { loadDetector } from "@btp/detector";
import { type EngineAttempt, parseEngineChoice, selectEngine } from "@btp/tfjs-jit";
import type { CliContext } from "../context.js";
import { findModel } from "../model-path.js";
import { type Processor, readProcessor } from "./processor.js";
import { readVersions, type Versions } from "./versions.js";

export interface EngineReport {
  readonly wanted: string;
  /** null: none works. */
  readonly chosen: string | null;
  readonly attempts: readonly EngineAttempt[];
  /** Every other engine, and why it would not run here. */
  readonly others: readonly EngineAttempt[];
}

export interface ModelReport {
  readonly path: string | null;
  readonly name?: string;
  readonly parameters?: number;
  readonly maxLength?: number;
  readonly threshold?: number;
  readonly sha256?: string;
  /** From nothing to the first decision, and then one more message. */
  readonly loadMs?: number;
  readonly messageMs?: number;
  readonly error?: string;
}

export interface DoctorReport {
  readonly ok: boolean;
  readonly engine: EngineReport;
  readonly threads: number;
  readonly processor: Processor;
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
  readonly platform: string;
  readonly versions: Versions;
  readonly model: ModelReport;
}

interface ExamineOptions {
  readonly engine: string;
  readonly threads?: number;
  readonly model?: string;
}

export async function examine(options: ExamineOptions, context: CliContext): Promise<DoctorReport> {
  const processor = readProcessor();
  const engine = await examineEngines(options);
  const model = await examineModel(options, context);
  // A default model that was never trained is no illness; one that was asked for and does not load is.
  const modelOk = model.error === undefined || (model.path === null && options.model === undefined);
  return {
    ok: engine.chosen !== null && modelOk,
    engine,
    threads: options.threads ?? processor.cores,
    processor,
    memory: { totalBytes: totalmem(), freeBytes: freemem() },
    platform: `${process.platform} ${process.arch}`,
    versions: await readVersions(),
    model,
  };
}

async function examineEngines({ engine: wanted, threads }: ExamineOptions): Promise<EngineReport> {
  const settings = threads === undefined ? {} : { threads };
  const choice = parseEngineChoice(wanted);
  const tried = await tryEngine(choice, settings);
  const named = new Set(tried.attempts.map(({ engine }) => engine));
  const others: EngineAttempt[] = [];
  for (const name of ["jit", "tfjs-node-gpu", "tfjs-node", "tfjs-cpu"] as const) {
    if (!named.has(name)) others.push(...(await tryEngine(name, settings)).attempts);
  }
  return { wanted, ...tried, others };
}

async function tryEngine(
  choice: Parameters<typeof selectEngine>[0],
  settings: { threads?: number },
): Promise<{ chosen: string | null; attempts: readonly EngineAttempt[] }> {
  try {
    const { engine, attempts } = await selectEngine(choice, settings);
    await engine.dispose();
    return { chosen: engine.name, attempts };
  } catch (error) {
    const engine = choice === "auto" ? "jit" : choice;
    return { chosen: null, attempts: [{ engine, error: messageOf(error) }] };
  }
}

async function examineModel(options: ExamineOptions, context: CliContext): Promise<ModelReport> {
  let path: string;
  try {
    path = findModel(options.model, context.cwd);
  } catch (error) {
    return { path: null, error: messageOf(error) };
  }
  try {
    const start = performance.now();
    const settings = options.threads === undefined ? {} : { threads: options.threads };
    const detector = await loadDetector(path, { engine: parseEngineChoice(options.engine), ...settings });
    await detector.detect(["A message to try it with."]);
    const loaded = performance.now();
    await detector.detect(["A message to try it with."]);
    const done = performance.now();
    const { name, parameters, maxLength, threshold, sha256 } = detector.info;
    await detector.dispose();
    return {
      path,
      name,
      parameters,
      maxLength,
      threshold,
      sha256,
      loadMs: loaded - start,
      messageMs: done - loaded,
    };
  } catch (error) {
    return { path, error: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * A whole training run: configuration in, detector directory out. Reads the data, prepares vocabulary and weights, hands
 * over to run/train-loop.ts, and writes what came of it. Prints nothing; `onProgress` tells how far it is.
 */
import { basename, resolve } from "node:path";
import {
  classifierParameterTable,
  createTokenizer,
  type HostTensor,
  initialiseParameter,
  seedFor,
} from "@btp/core-gpt";
import { createEngine, createRandomSource, type Engine } from "@btp/tfjs-jit";
import { resolveBase } from "@btp/weights-gpt2";
import type { TrainConfig } from "./config/knobs.js";
import { counted } from "./counted.js";
import { TrainError } from "./errors.js";
import { encodeMessages } from "./messages/encoded-messages.js";
import { deltaBase } from "./output/storage.js";
import { type TrainedDetector, writeDetector } from "./output/write-detector.js";
import { type DataSets, readDataSets } from "./prepare/data-sets.js";
import { prepareSources } from "./prepare/sources.js";
import { baseWeights, randomWeights, type StartWeights } from "./prepare/start-weights.js";
import { restrictedVocabulary, type Vocabulary, wholeVocabulary } from "./prepare/vocabulary.js";
import { type Checkpoint, removeCheckpoint } from "./run/checkpoint.js";
import { checkpointFolderOf, findCheckpoint } from "./run/find-checkpoint.js";
import type { OnProgress } from "./run/progress.js";
import { openRunLog, type RunLog } from "./run/run-log.js";
import { checkSameRun, describeConfig, type RunIdentity, runPositionSchema } from "./run/run-position.js";
import { runTraining } from "./run/train-loop.js";
import { partOf } from "./step/select-part.js";
import { type FlatParams, numLabels, type TrainedPart } from "./step/trained-part.js";

export interface TrainOptions {
  readonly onProgress?: OnProgress;
  /** Aborted: the run saves a checkpoint and throws INTERRUPTED. */
  readonly signal?: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * @returns what was written to `config.out`
 * @throws {TrainError} see errors.ts; DetectorError and WeightsError for their files
 */
export async function trainDetector(
  config: TrainConfig,
  options: TrainOptions = {},
): Promise<TrainedDetector> {
  const out = resolve(config.out);
  const checkpointFolder = checkpointFolderOf(out);
  const resumeFrom = await findCheckpoint(config, out, runPositionSchema);
  const data = await readDataSets(config);
  const { vocabulary, start } = await prepareModel(config, data, options);
  const threads = config.threads === undefined ? {} : { threads: config.threads };
  const engine = await createEngine(config.engine, threads);
  try {
    const identity = identityOf(config, data, start, engine);
    if (resumeFrom) checkSameRun(resumeFrom.identity, identity);
    const keepBytes = resumeFrom?.position.logBytes ?? 0;
    const log = await openRunLog({
      folder: config.logs,
      name: basename(out),
      keepBytes,
      now: options.now ?? Date.now,
    });
    try {
      const run = {
        config,
        out,
        data,
        vocabulary,
        start,
        engine,
        log,
        identity,
        resumeFrom,
        checkpointFolder,
      };
      return await trainAndWrite(run, options);
    } catch (error) {
      await log.line(`Ended: ${error instanceof TrainError ? error.message : "an unexpected error"}`);
      throw error;
    } finally {
      await log.close();
    }
  } finally {
    await engine.dispose();
  }
}

interface PreparedRun {
  readonly config: TrainConfig;
  /** Absolute path of the detector directory. */
  readonly out: string;
  readonly data: DataSets;
  readonly vocabulary: Vocabulary;
  readonly start: StartWeights;
  readonly engine: Engine;
  readonly log: RunLog;
  readonly identity: RunIdentity;
  readonly resumeFrom: Checkpoint | undefined;
  readonly checkpointFolder: string;
}

async function trainAndWrite(run: PreparedRun, options: TrainOptions): Promise<TrainedDetector> {
  const { config, out, data, vocabulary, start, engine, log, identity, resumeFrom, checkpointFolder } = run;
  const { onProgress = () => undefined, signal, now = Date.now } = options;
  const note = async (text: string): Promise<void> => {
    onProgress({ kind: "note", text });
    await log.line(text);
  };
  for (const text of data.notes) await note(text);
  const part = partOf(config, start.model);
  deltaBase(config, part, start); // refused now rather than after hours of training
  await note(describeModel(start, part, engine));
  if (resumeFrom) await note(`Going on after update ${resumeFrom.position.step}.`);
  else await log.record({ event: "start", ...identity });

  const encode = (set: DataSets["train"]) =>
    encodeMessages(set.examples, vocabulary.encode, config.maxLength);
  const messages = { train: encode(data.train), validation: encode(data.validation) };
  const cut = messages.train.truncated + messages.validation.truncated;
  if (cut > 0)
    await note(
      `${counted(cut, "message is", "messages are")} longer than ${counted(config.maxLength, "token")}; only the beginning is read.`,
    );

  const random = createRandomSource(seedFor(config.seed, "dropout") >>> 0);
  const sources = await prepareSources({
    random,
    config,
    start,
    part,
    engine,
    vocabulary,
    messages,
    onProgress,
    note,
    signal,
    now,
  });
  try {
    const result = await runTraining({
      config,
      model: start.model,
      part,
      engine,
      initial: initialValues(start.params, part, config.seed),
      fixed: pick(start.params, part.lora?.fixed ?? []),
      random,
      train: sources.train,
      validation: sources.validation,
      identity,
      resumeFrom,
      checkpointFolder,
      log,
      onProgress,
      signal,
      now,
    });
    const detector = await writeDetector({
      config,
      out,
      data,
      vocabulary,
      start,
      part,
      messages,
      result,
      identity,
      engineName: engine.name,
      now,
    });
    for (const text of detector.warnings) await note(text);
    await log.record({
      event: "finish",
      steps: result.steps,
      bestStep: result.bestStep,
      sha256: detector.sha256,
    });
    await log.line(
      `Wrote ${out} after ${Math.round(result.seconds)} s of training; kept update ${result.bestStep}.`,
    );
    await removeCheckpoint(checkpointFolder);
    return detector;
  } finally {
    await sources.dispose();
  }
}

async function prepareModel(
  config: TrainConfig,
  data: DataSets,
  { onProgress = () => undefined, signal }: TrainOptions,
): Promise<{ readonly vocabulary: Vocabulary; readonly start: StartWeights }> {
  const tokenizer = await createTokenizer();
  if (config.base === "none") {
    const vocabulary =
      config.minTokenCount === 0
        ? wholeVocabulary(tokenizer, config.normalise)
        : restrictedVocabulary(tokenizer, data.train.examples, config.minTokenCount, config.normalise);
    return { vocabulary, start: randomWeights(config, vocabulary.size) };
  }
  const folder = await resolveBase(config.base, {
    ...(config.offline ? { offline: true } : {}),
    ...(signal && { signal }),
    onEvent(event) {
      if (event.kind === "start") onProgress({ kind: "note", text: event.text });
      if (event.kind === "progress") onProgress({ ...event, kind: "download" });
    },
  });
  const start = await baseWeights(config, folder, tokenizer.vocabSize, signal);
  return { vocabulary: wholeVocabulary(tokenizer, config.normalise), start };
}

function identityOf(config: TrainConfig, data: DataSets, start: StartWeights, engine: Engine): RunIdentity {
  return {
    config: describeConfig(config),
    trainData: data.train.sha256,
    validationData: data.validation.sha256,
    startWeights: start.base?.sha256 ?? "from the seed",
    engine: engine.name,
  };
}

function describeModel({ model, base }: StartWeights, part: TrainedPart, engine: Engine): string {
  const size = (shapes: Iterable<readonly number[]>): number =>
    [...shapes].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const all = size(classifierParameterTable(model, numLabels).map(({ shape }) => shape));
  const trained = size(part.trained.map(({ shape }) => shape));
  return (
    `${base ? `Base ${base.name}` : "From scratch"}: ${counted(model.numLayers, "block")}, ${model.width} wide, ${model.vocabSize} token ids, ` +
    `${all} parameters, ${trained} of them trained. Engine: ${engine.name}.`
  );
}

/** The base's own values, and new ones for adapters. */
function initialValues(
  params: FlatParams<HostTensor>,
  { trained }: TrainedPart,
  seed: number,
): FlatParams<HostTensor> {
  return Object.fromEntries(
    trained.map((entry) => [entry.path, params[entry.path] ?? initialiseParameter(entry, seed)]),
  );
}

function pick(params: FlatParams<HostTensor>, entries: TrainedPart["trained"]): FlatParams<HostTensor> {
  return Object.fromEntries(entries.map(({ path }) => [path, params[path]!]));
}

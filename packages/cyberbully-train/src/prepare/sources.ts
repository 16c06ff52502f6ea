/** What the training loop reads at each batch: token ids where everything is trained, else what the frozen trunk makes of them. */
import { join } from "node:path";
import type { Engine, HostTensor, Int8Report, RandomSource } from "@btp/tfjs-jit";
import { openGpt2, sourceSettings } from "@btp/weights-gpt2";
import type { TrainConfig } from "../config/knobs.js";
import { counted } from "../counted.js";
import { TrainError } from "../errors.js";
import { calibrationBatches, describeInt8 } from "../features/calibration.js";
import { type FeatureReader, featureBytes, openFeatures } from "../features/feature-file.js";
import {
  cachedSource,
  computeFeatures,
  featureKey,
  recomputedSource,
  rowsOf,
} from "../features/feature-source.js";
import { compileStreamedTrunk } from "../features/streamed-trunk.js";
import { compileTrunk, type Trunk } from "../features/trunk.js";
import type { BatchInput } from "../messages/batch.js";
import type { EncodedMessages } from "../messages/encoded-messages.js";
import { messageCount } from "../messages/encoded-messages.js";
import { type MessageSource, tokenSource } from "../run/message-source.js";
import type { OnProgress } from "../run/progress.js";
import type { TrainedPart } from "../step/trained-part.js";
import type { StartWeights } from "./start-weights.js";
import type { Vocabulary } from "./vocabulary.js";

export interface SourcesInput {
  readonly config: TrainConfig;
  readonly start: StartWeights;
  readonly part: TrainedPart;
  readonly engine: Engine;
  readonly vocabulary: Vocabulary;
  readonly messages: { readonly train: EncodedMessages; readonly validation: EncodedMessages };
  /** Of the run's dropout. */
  readonly random: RandomSource;
  readonly onProgress: OnProgress;
  readonly note: (text: string) => Promise<void>;
  readonly signal: AbortSignal | undefined;
  readonly now: () => number;
}

export interface Sources {
  readonly train: MessageSource;
  readonly validation: MessageSource;
  dispose(): Promise<void>;
}

export function prepareSources(input: SourcesInput): Promise<Sources> {
  if (input.part.kind === "everything") return Promise.resolve(tokenSources(input));
  const { cache, trunkDropout } = input.config;
  return cache && !trunkDropout ? cachedSources(input) : recomputedSources(input);
}

function tokenSources({ config, start, vocabulary, messages }: SourcesInput): Sources {
  const { tokenDropout, positionShift } = config;
  const { contextLength } = start.model;
  const options = { tokenDropout, positionShift, contextLength, replacement: vocabulary.maskId };
  return {
    train: tokenSource(messages.train, options),
    validation: tokenSource(messages.validation, options),
    dispose: async () => undefined,
  };
}

async function recomputedSources(input: SourcesInput): Promise<Sources> {
  const { config, engine, start, part, random, messages, note } = input;
  const trunk = await compileNoting(input, await calibrationFor(input));
  const dropping =
    config.trunkDropout && config.dropout > 0
      ? await compileTrunk(engine, start.model, part, start.params, { dropout: config.dropout, random })
      : trunk;
  await note("The frozen blocks are computed anew for every batch.");
  return {
    train: recomputedSource(messages.train, rowsOf(messages.train, part), trunk, dropping),
    validation: recomputedSource(messages.validation, rowsOf(messages.validation, part), trunk),
    async dispose() {
      await trunk.dispose();
      if (dropping !== trunk) await dropping.dispose();
    },
  };
}

async function cachedSources(input: SourcesInput): Promise<Sources> {
  const { config, start, messages } = input;
  const folder = config.cacheDir ?? join(sourceSettings({}).cacheFolder, "features");
  const readers: FeatureReader[] = [];
  const calibration = await calibrationFor(input);
  const lazyTrunk = new LazyTrunk(input, calibration);
  const { width } = start.model;
  const dispose = async (): Promise<void> => {
    for (const reader of readers) await reader.close();
  };
  try {
    const sources: MessageSource[] = [];
    for (const set of [messages.train, messages.validation]) {
      const rows = rowsOf(set, input.part);
      const key = featureKey(start.base?.sha256 ?? "", input.part, set, calibration);
      const reader = await readerFor(input, set, rows, { folder, key }, lazyTrunk);
      readers.push(reader);
      sources.push(cachedSource(rows, reader, { width }));
    }
    return { train: sources[0]!, validation: sources[1]!, dispose };
  } catch (error) {
    await dispose();
    throw error;
  } finally {
    await lazyTrunk.dispose(); // its weights are not needed any more
  }
}

async function readerFor(
  { start, onProgress, note, signal, now }: SourcesInput,
  messages: EncodedMessages,
  rows: EncodedMessages,
  { folder, key }: { readonly folder: string; readonly key: string },
  lazyTrunk: LazyTrunk,
): Promise<FeatureReader> {
  const { width } = start.model;
  const shape = { rowOffsets: rows.offsets, width };
  const found = await openFeatures(folder, key, shape);
  const megabytes = (featureBytes(shape) / 1e6).toFixed(0);
  const total = messageCount(messages);
  if (found) {
    await note(
      `Output of the frozen blocks for ${counted(total, "message")} is in ${folder}: ${megabytes} MB.`,
    );
    return found;
  }
  await note(
    `Computing the frozen blocks for ${counted(total, "message")} once; ${megabytes} MB go to ${folder}.`,
  );
  const trunk = await lazyTrunk.get();
  const started = now();
  const report = (done: number): void => {
    const messagesPerSecond = done / Math.max((now() - started) / 1000, 1e-9);
    onProgress({ kind: "features", done, total, messagesPerSecond });
  };
  try {
    return await computeFeatures(trunk, messages, rows, { folder, key, width }, report, signal);
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    throw new TrainError(
      "INTERRUPTED",
      "Stopped while the frozen blocks were computed; the next run begins with them again.",
    );
  }
}

/** Batches that an int8 trunk is measured on; none for float32. */
async function calibrationFor({
  config,
  start,
  engine,
  messages,
  note,
}: SourcesInput): Promise<readonly BatchInput<HostTensor>[]> {
  if (config.trunkPrecision === "fp32") return [];
  if (start.streamed) {
    await note(
      "Weights that are read block by block are computed in float32. A larger --trunk-memory holds them whole, then int8 is possible.",
    );
    return [];
  }
  if (engine.name === "jit") return calibrationBatches(messages.train);
  await note(
    `int8 is for the compiled engine (jit): the frozen blocks are computed in float32 on ${engine.name}.`,
  );
  return [];
}

/** Without dropout; what int8 costs, or that it cost too much, goes to the log. */
async function compileNoting(
  { engine, start, part, random, note }: SourcesInput,
  calibration: readonly BatchInput<HostTensor>[],
): Promise<Trunk> {
  if (start.streamed && start.source !== undefined) {
    await note(
      `The frozen blocks' weights take more than trunkMemory: they are read block by block, in float32.`,
    );
    return compileStreamedTrunk(engine, start.model, part, await openGpt2(start.source.folder));
  }
  let report: Int8Report | undefined;
  const onReport = (made: Int8Report): void => {
    report = made;
  };
  const trunk = await compileTrunk(engine, start.model, part, start.params, {
    dropout: 0,
    random,
    ...(calibration.length > 0 && { int8: { calibration, onReport } }),
  });
  if (report !== undefined) await note(describeInt8(report, calibration.length));
  return trunk;
}

/** Compiled when the first features are missing. */
class LazyTrunk {
  private readonly input: SourcesInput;
  private readonly calibration: readonly BatchInput<HostTensor>[];
  private trunk: Trunk | undefined;

  constructor(input: SourcesInput, calibration: readonly BatchInput<HostTensor>[]) {
    this.input = input;
    this.calibration = calibration;
  }

  async get(): Promise<Trunk> {
    this.trunk ??= await compileNoting(this.input, this.calibration);
    return this.trunk;
  }

  async dispose(): Promise<void> {
    await this.trunk?.dispose();
  }
}

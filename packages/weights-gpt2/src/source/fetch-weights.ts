/**
 * A published GPT-2 by its name: from the cache where it is there, else downloaded once, whatever number of processes ask.
 * Tries the hub first and OpenAI's bucket after it. What it gives is a folder for loadGpt2.
 */
import { mkdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { WeightsError } from "../errors.js";
import { type CacheManifest, hashFile, readComplete, writeManifest } from "./cache-folder.js";
import { checkArchitecture } from "./check-architecture.js";
import { type Clock, systemClock } from "./clock.js";
import { type FetchedFile, fetchFile } from "./fetch-file.js";
import { acquireLock } from "./file-lock.js";
import { findInHubCache } from "./hub-cache.js";
import { findModel, type PinnedFile, type PinnedModel, pinnedModel } from "./manifest.js";
import { formatBytes, progressMeter, type TransferProgress } from "./progress.js";
import { publicAddress } from "./request.js";
import { type SourceOptions, type SourceSettings, sourceSettings } from "./settings.js";
import { cacheFolderNames, type Source, sourcesOf } from "./sources.js";

export type FetchEvent =
  /** Before the first byte: `text` is one line for people. */
  | { readonly kind: "start"; readonly model: string; readonly text: string; readonly folder: string }
  | ({ readonly kind: "progress"; readonly file: string } & TransferProgress)
  | {
      readonly kind: "retry";
      readonly file: string;
      readonly reason: string;
      readonly delayMs: number;
      readonly attempt: number;
    }
  | { readonly kind: "fallback"; readonly from: string; readonly to: string; readonly reason: string }
  | { readonly kind: "waiting"; readonly model: string }
  | { readonly kind: "done"; readonly model: string; readonly folder: string; readonly bytes: number };

export interface FetchWeightsOptions extends SourceOptions {
  readonly onEvent?: (event: FetchEvent) => void;
  readonly signal?: AbortSignal;
  /** Tries without progress before a source is given up; default 6. */
  readonly maxAttempts?: number;
  /** Default 30 s. */
  readonly stallTimeoutMs?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export interface FetchedWeights {
  readonly model: string;
  /** Pass it to loadGpt2. */
  readonly folder: string;
  readonly fromCache: boolean;
}

const DEFAULT_ATTEMPTS = 6;
const DEFAULT_STALL_MS = 30_000;
/** Left free on the disk beside what is downloaded. */
const SPARE_BYTES = 64 * 2 ** 20;

/**
 * @throws {WeightsError} UNKNOWN_MODEL, BAD_OPTION, OFFLINE, NOT_ENOUGH_SPACE, ACCESS_DENIED, NOT_FOUND, DOWNLOAD_FAILED,
 *   CHECKSUM_MISMATCH, ABORTED
 */
export async function fetchWeights(name: string, options: FetchWeightsOptions = {}): Promise<FetchedWeights> {
  return fetchModel(pinnedModel(name), options);
}

/** The same for a model that is described by the caller. */
export async function fetchModel(
  model: PinnedModel,
  options: FetchWeightsOptions = {},
): Promise<FetchedWeights> {
  const settings = sourceSettings(options);
  const sources = sourcesOf(model, settings);
  const cached = await findCached(model, settings);
  if (cached !== undefined) return { model: model.name, folder: cached, fromCache: true };
  if (settings.offline) {
    throw new WeightsError(
      "OFFLINE",
      `${model.name} is not in ${settings.cacheFolder}, and nothing is downloaded here (--offline, or a command that only reads). Fetch it with \`btp-cli weights download ${model.name}\`, or give a folder with its files.`,
    );
  }
  const root = join(settings.cacheFolder, "weights", model.name);
  await mkdir(root, { recursive: true });
  const clock = options.clock ?? systemClock;
  const lock = await acquireLock(join(root, "download.lock"), {
    clock,
    signal: options.signal,
    onWait: () => options.onEvent?.({ kind: "waiting", model: model.name }),
  });
  try {
    // Another process may have finished it while this one waited.
    const meanwhile = await findCached(model, settings);
    if (meanwhile !== undefined) return { model: model.name, folder: meanwhile, fromCache: true };
    const folder = await fetchFromAny(model, sources, root, { ...options, clock });
    return { model: model.name, folder, fromCache: false };
  } finally {
    await lock.release();
  }
}

/**
 * What `--base` may be: an existing path is taken as it is, else the name of a published size is fetched.
 * @returns a path for loadGpt2
 * @throws {WeightsError} NOT_FOUND for neither, and everything that fetchWeights throws
 */
export async function resolveBase(base: string, options: FetchWeightsOptions = {}): Promise<string> {
  const isThere = (path: string): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    );
  if ((await isThere(base)) || (await isThere(`${base}.index`))) return base;
  if (findModel(base) !== undefined) return (await fetchWeights(base, options)).folder;
  throw new WeightsError(
    "NOT_FOUND",
    `${JSON.stringify(base)} is neither a file or folder nor one of gpt2, gpt2-medium, gpt2-large and gpt2-xl.`,
  );
}

/** From whichever source it was fetched, now or earlier. */
async function findCached(model: PinnedModel, settings: SourceSettings): Promise<string | undefined> {
  for (const folderName of cacheFolderNames(model)) {
    const folder = join(settings.cacheFolder, "weights", model.name, folderName);
    if ((await readComplete(folder)) !== undefined) return folder;
  }
  return findInHubCache(model, settings.hubCache);
}

type Running = FetchWeightsOptions & { readonly clock: Clock };

/** Errors after which the next source is tried; the others would be the same there. */
const SOURCE_ERRORS: ReadonlySet<string> = new Set([
  "NOT_FOUND",
  "ACCESS_DENIED",
  "DOWNLOAD_FAILED",
  "CHECKSUM_MISMATCH",
  "WEIGHTS_MISMATCH",
  "SAFETENSORS_INVALID",
  "CHECKPOINT_INVALID",
  "CONFIG_INVALID",
  "ARCHITECTURE_UNSUPPORTED",
]);

async function fetchFromAny(
  model: PinnedModel,
  sources: readonly Source[],
  root: string,
  options: Running,
): Promise<string> {
  const failures: WeightsError[] = [];
  for (const [i, source] of sources.entries()) {
    try {
      return await fetchFrom(model, source, join(root, source.folderName), options);
    } catch (error) {
      if (!(error instanceof WeightsError) || !SOURCE_ERRORS.has(error.code)) throw error;
      failures.push(error);
      const next = sources[i + 1];
      if (next !== undefined) {
        options.onEvent?.({ kind: "fallback", from: source.name, to: next.name, reason: error.message });
      }
    }
  }
  // One source: its own error says most. Several: the first is the one that was meant.
  throw new WeightsError(
    failures[0]!.code,
    `${model.name} could not be downloaded. Behind a firewall set HF_ENDPOINT to a server with the hub's paths or BTP_MIRROR to a web folder with the files, or give a folder that has them (--base DIR); docs/weights.md tells how. What was tried:`,
    {
      problems: failures.map(({ message }) => message),
      cause: failures[0],
    },
  );
}

async function fetchFrom(
  model: PinnedModel,
  source: Source,
  folder: string,
  options: Running,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const size = formatBytes(model.approximateBytes);
  const text = `Downloading ${model.name} (${model.parameters} parameters, about ${size}) from ${source.name} to ${folder}`;
  options.onEvent?.({ kind: "start", model: model.name, text, folder });
  const files: FetchedFile[] = [];
  for (const file of source.files) {
    const kept = await keptFromBefore(source.urlOf(file.name), join(folder, file.name), file);
    if (kept !== undefined) {
      files.push(kept);
      continue;
    }
    const report = (progress: TransferProgress): void =>
      options.onEvent?.({ kind: "progress", file: file.name, ...progress });
    files.push(
      await fetchFile(source.urlOf(file.name), join(folder, file.name), file, {
        token: source.token,
        clock: options.clock,
        random: options.random ?? Math.random,
        maxAttempts: options.maxAttempts ?? DEFAULT_ATTEMPTS,
        stallTimeoutMs: options.stallTimeoutMs ?? DEFAULT_STALL_MS,
        signal: options.signal,
        ensureSpace: (missing) => ensureSpace(folder, missing),
        onBytes: progressMeter(options.clock, report),
        onRetry: (reason, delayMs, attempt) =>
          options.onEvent?.({ kind: "retry", file: file.name, reason, delayMs, attempt }),
      }),
    );
  }
  await checkArchitecture(model, folder);
  await writeManifest(folder, await manifestOf(model, source, folder, files));
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  options.onEvent?.({ kind: "done", model: model.name, folder, bytes });
  return folder;
}

/** A file that an earlier process finished before it ended, if a pinned hash can prove it. */
async function keptFromBefore(
  url: string,
  path: string,
  pinned: PinnedFile,
): Promise<FetchedFile | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || pinned.sha256 === undefined || found.size !== (pinned.bytes ?? found.size))
    return undefined;
  const sha256 = await hashFile(path);
  if (sha256 !== pinned.sha256) return undefined;
  return { name: pinned.name, bytes: found.size, sha256, url: publicAddress(url), checkedAgainst: "pinned" };
}

async function manifestOf(
  model: PinnedModel,
  source: Source,
  folder: string,
  files: readonly FetchedFile[],
): Promise<CacheManifest> {
  const entries = [];
  for (const file of files)
    entries.push({ ...file, modifiedMs: (await stat(join(folder, file.name))).mtimeMs });
  return { version: 1, model: model.name, source: source.name, files: entries };
}

async function ensureSpace(folder: string, missingBytes: number): Promise<void> {
  const disk = await statfs(folder).catch(() => undefined);
  if (disk === undefined) return;
  const free = disk.bavail * disk.bsize;
  if (free < missingBytes + SPARE_BYTES) {
    throw new WeightsError(
      "NOT_ENOUGH_SPACE",
      `${formatBytes(missingBytes)} are to come and ${formatBytes(free)} are free where ${folder} is; make room or set BTP_CACHE.`,
    );
  }
}

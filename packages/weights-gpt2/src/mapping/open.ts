/**
 * Finds and opens the weights that a path stands for, whatever form they are in: a safetensors file, an index of shards, a
 * TensorFlow checkpoint, or a folder with one of these. Decides by the names of files, never by running anything.
 */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { openFileSource } from "../byte-source.js";
import { openCheckpoint } from "../checkpoint/read.js";
import { WeightsError } from "../errors.js";
import { openSafetensors } from "../safetensors/read.js";
import { openShardedSafetensors } from "../safetensors/shards.js";
import type { TensorFile } from "../tensor.js";

export interface LocatedWeights {
  readonly form: "safetensors" | "safetensors-shards" | "tensorflow-checkpoint";
  /** The file that opens it: .safetensors, .safetensors.index.json or .index. */
  readonly path: string;
  /** config.json or hparams.json beside it; undefined where there is none. */
  readonly configPath: string | undefined;
}

const SINGLE = "model.safetensors";
const SHARDED = "model.safetensors.index.json";
const CHECKPOINT_STATE = "checkpoint";
const MAX_STATE_BYTES = 65_536;

/** @throws {WeightsError} NOT_FOUND with what was looked for and what is there */
export async function locateWeights(path: string): Promise<LocatedWeights> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return locateInFolder(path);
  if (found === undefined) {
    const prefix = await stat(`${path}.index`).catch(() => undefined);
    if (prefix?.isFile()) return located("tensorflow-checkpoint", `${path}.index`);
    throw new WeightsError("NOT_FOUND", `There is no file or folder ${path}.`);
  }
  if (path.endsWith(".safetensors")) return located("safetensors", path);
  if (path.endsWith(".safetensors.index.json")) return located("safetensors-shards", path);
  if (path.endsWith(".index")) return located("tensorflow-checkpoint", path);
  throw new WeightsError(
    "NOT_FOUND",
    `${path} is none of .safetensors, .safetensors.index.json and .index (a TensorFlow checkpoint).${pickleHint([path])}`,
  );
}

async function locateInFolder(folder: string): Promise<LocatedWeights> {
  const names = await readdir(folder);
  if (names.includes(SINGLE)) return located("safetensors", join(folder, SINGLE));
  if (names.includes(SHARDED)) return located("safetensors-shards", join(folder, SHARDED));
  const prefix = names.includes(CHECKPOINT_STATE)
    ? await latestCheckpoint(join(folder, CHECKPOINT_STATE))
    : undefined;
  const indexes = names.filter((name) => name.endsWith(".index"));
  const index = prefix !== undefined && indexes.includes(`${prefix}.index`) ? `${prefix}.index` : indexes[0];
  if (index !== undefined && (prefix !== undefined || indexes.length === 1)) {
    return located("tensorflow-checkpoint", join(folder, index));
  }
  const lone = names.filter((name) => name.endsWith(".safetensors"));
  if (lone.length === 1) return located("safetensors", join(folder, lone[0]!));
  throw new WeightsError(
    "NOT_FOUND",
    `${folder} holds no weights: looked for ${SINGLE}, ${SHARDED}, one other .safetensors and a TensorFlow checkpoint (.index).${pickleHint(names)}`,
  );
}

function pickleHint(names: readonly string[]): string {
  return names.some((name) => /\.(?:bin|pt|pth|ckpt)$/.test(name))
    ? " PyTorch's .bin, .pt and .pth files can run code when they are read, so they are not; save the model as safetensors."
    : "";
}

async function located(form: LocatedWeights["form"], path: string): Promise<LocatedWeights> {
  const folder = dirname(path);
  const names =
    form === "tensorflow-checkpoint" ? ["hparams.json", "config.json"] : ["config.json", "hparams.json"];
  for (const name of names) {
    const configPath = join(folder, name);
    if ((await stat(configPath).catch(() => undefined))?.isFile()) return { form, path, configPath };
  }
  return { form, path, configPath: undefined };
}

/** The name in TensorFlow's `checkpoint` file, without its folder: where it was written says nothing about where it is. */
async function latestCheckpoint(statePath: string): Promise<string | undefined> {
  const source = await openFileSource(statePath);
  try {
    const bytes = new Uint8Array(Math.min(source.size, MAX_STATE_BYTES));
    await source.readInto(bytes, 0);
    const match = /^model_checkpoint_path: "([^"\n]+)"/m.exec(new TextDecoder().decode(bytes));
    return match?.[1] === undefined ? undefined : basename(match[1]);
  } finally {
    await source.close();
  }
}

/** Opens what locateWeights found. @throws {WeightsError} SAFETENSORS_INVALID, CHECKPOINT_INVALID, UNREADABLE */
export function openLocated({ form, path }: LocatedWeights): Promise<TensorFile> {
  if (form === "safetensors") return openSafetensors(path);
  if (form === "safetensors-shards") return openShardedSafetensors(path);
  return openCheckpoint(path);
}

/** Locates and opens in one step; the caller closes what it gets. */
export async function openWeights(path: string): Promise<TensorFile> {
  return openLocated(await locateWeights(path));
}

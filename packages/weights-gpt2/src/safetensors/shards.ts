/**
 * A model split over several safetensors files, by its `model.safetensors.index.json`: `{weight_map: {name: file}}`.
 * Every shard must lie beside the index and hold exactly the tensors that the index says; then it reads as one file.
 */
import { basename, dirname, join } from "node:path";
import { openFileSource } from "../byte-source.js";
import { quoteName, WeightsError } from "../errors.js";
import { parseJsonBytes } from "../json-text.js";
import type { TensorInfo } from "../tensor.js";
import { openSafetensors, type SafetensorsFile } from "./read.js";

const MAX_INDEX_BYTES = 8_000_000;
const MAX_SHARDS = 1000;
/** A plain file name: no separators, no drive, no leading dot, nothing a shell or a terminal would act on. */
const SHARD_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}\.safetensors$/;

/** @throws {WeightsError} NOT_FOUND, UNREADABLE, SAFETENSORS_INVALID. The caller closes what it gets. */
export async function openShardedSafetensors(indexPath: string): Promise<SafetensorsFile> {
  const label = basename(indexPath);
  const weightMap = await readIndex(indexPath, label);
  const shards = new Map<string, SafetensorsFile>();
  try {
    const problems: string[] = [];
    for (const fileName of new Set(weightMap.values())) {
      try {
        shards.set(fileName, await openSafetensors(join(dirname(indexPath), fileName)));
      } catch (error) {
        if (!(error instanceof WeightsError)) throw error;
        if (error.code === "NOT_FOUND") problems.push(`its shard ${quoteName(fileName)} is missing`);
        else problems.push(...error.problems.map((problem) => `shard ${quoteName(fileName)}: ${problem}`));
        if (error.code === "UNREADABLE") problems.push(`shard ${quoteName(fileName)} cannot be read`);
      }
    }
    const tensors = mergeShards(weightMap, shards, problems);
    if (problems.length > 0) {
      throw new WeightsError("SAFETENSORS_INVALID", `${label} does not describe its shards:`, { problems });
    }
    return shardedFile(label, weightMap, shards, tensors);
  } catch (error) {
    await closeAll(shards);
    throw error;
  }
}

async function readIndex(path: string, label: string): Promise<ReadonlyMap<string, string>> {
  const source = await openFileSource(path);
  const invalid = (problems: readonly string[]): WeightsError =>
    new WeightsError("SAFETENSORS_INVALID", `${label} is not a valid safetensors index:`, { problems });
  try {
    if (source.size > MAX_INDEX_BYTES)
      throw invalid([`it has ${source.size} bytes, more than ${MAX_INDEX_BYTES}`]);
    const bytes = new Uint8Array(source.size);
    await source.readInto(bytes, 0);
    let parsed: ReturnType<typeof parseJsonBytes>;
    try {
      parsed = parseJsonBytes(bytes);
    } catch (error) {
      throw invalid([error instanceof Error ? error.message : "it cannot be parsed"]);
    }
    const problems = parsed.duplicates.map((name) => `the name ${quoteName(name)} occurs twice`);
    const value: unknown = parsed.value;
    const map: unknown =
      typeof value === "object" && value !== null && "weight_map" in value ? value.weight_map : undefined;
    if (typeof map !== "object" || map === null || Array.isArray(map)) {
      throw invalid([...problems, "it has no weight_map object"]);
    }
    const weightMap = new Map<string, string>();
    for (const [name, fileName] of Object.entries(map)) {
      if (typeof fileName === "string" && SHARD_NAME.test(fileName)) weightMap.set(name, fileName);
      else {
        problems.push(
          `tensor ${quoteName(name)}: ${quoteName(String(fileName))} is not the plain name of a .safetensors file`,
        );
      }
    }
    if (new Set(weightMap.values()).size > MAX_SHARDS)
      problems.push(`it names more than ${MAX_SHARDS} shards`);
    if (problems.length > 0) throw invalid(problems);
    return weightMap;
  } finally {
    await source.close();
  }
}

function mergeShards(
  weightMap: ReadonlyMap<string, string>,
  shards: ReadonlyMap<string, SafetensorsFile>,
  problems: string[],
): ReadonlyMap<string, TensorInfo> {
  const tensors = new Map<string, TensorInfo>();
  for (const [name, fileName] of weightMap) {
    const shard = shards.get(fileName);
    const info = shard?.tensors.get(name);
    if (info !== undefined) tensors.set(name, info);
    else if (shard !== undefined) problems.push(`tensor ${quoteName(name)} is not in ${quoteName(fileName)}`);
  }
  for (const [fileName, shard] of shards) {
    for (const name of shard.tensors.keys()) {
      if (weightMap.get(name) !== fileName) {
        problems.push(`tensor ${quoteName(name)} is in ${quoteName(fileName)}, but the index says otherwise`);
      }
    }
  }
  return tensors;
}

function shardedFile(
  label: string,
  weightMap: ReadonlyMap<string, string>,
  shards: ReadonlyMap<string, SafetensorsFile>,
  tensors: ReadonlyMap<string, TensorInfo>,
): SafetensorsFile {
  const shardOf = (name: string): SafetensorsFile => {
    const shard = shards.get(weightMap.get(name) ?? "");
    if (shard === undefined) {
      throw new WeightsError("TENSOR_NOT_FOUND", `${label} names no tensor ${quoteName(name)}.`);
    }
    return shard;
  };
  return {
    format: "safetensors",
    tensors,
    metadata: [...shards.values()][0]?.metadata ?? {},
    read: async (name) => shardOf(name).read(name),
    readBytes: async (name) => shardOf(name).readBytes(name),
    close: () => closeAll(shards),
  };
}

async function closeAll(shards: ReadonlyMap<string, SafetensorsFile>): Promise<void> {
  await Promise.all([...shards.values()].map((shard) => shard.close()));
}

/**
 * Opens a TensorFlow V2 checkpoint, such as OpenAI published GPT-2 in: `PREFIX.index` and `PREFIX.data-0000K-of-0000N`.
 * The index is checked completely on opening, the checksum of a variable whenever it is read.
 */
import { basename, dirname, join } from "node:path";
import { type ByteSource, openFileSource } from "../byte-source.js";
import { readStoredBytes, readStoredTensor, type StoredTensor } from "../decode.js";
import { quoteName, WeightsError } from "../errors.js";
import type { TensorFile } from "../tensor.js";
import { type Bundle, type BundleVariable, readBundle } from "./bundle.js";
import { crc32c, maskCrc } from "./crc32c.js";
import { readSortedTable, type TableEntry } from "./sorted-table.js";

export interface CheckpointFile extends TensorFile {
  readonly format: "tensorflow-checkpoint";
}

const MAX_INDEX_BYTES = 64 * 2 ** 20;
const INDEX_SUFFIX = ".index";

/**
 * @param path - the `.index` file, or the prefix that TensorFlow calls the checkpoint's path
 * @throws {WeightsError} NOT_FOUND, UNREADABLE, CHECKPOINT_INVALID. The caller closes what it gets.
 */
export async function openCheckpoint(path: string): Promise<CheckpointFile> {
  const prefix = path.endsWith(INDEX_SUFFIX) ? path.slice(0, -INDEX_SUFFIX.length) : path;
  const label = basename(prefix);
  const problems: string[] = [];
  const bundle = readBundle(await readIndex(prefix + INDEX_SUFFIX, label), problems);
  if (problems.length > 0) throw invalid(label, problems);
  const shards = await openShards(prefix, label, bundle);
  const close = async (): Promise<void> => {
    await Promise.all(shards.map((shard) => shard.close()));
  };
  try {
    checkRanges(bundle, shards, problems);
    if (problems.length > 0) throw invalid(label, problems);
  } catch (error) {
    await close();
    throw error;
  }
  return checkpointFile(label, bundle, shards, close);
}

function invalid(label: string, problems: readonly string[]): WeightsError {
  return new WeightsError("CHECKPOINT_INVALID", `${label} is not a valid TensorFlow V2 checkpoint:`, {
    problems,
  });
}

async function readIndex(path: string, label: string): Promise<TableEntry[]> {
  const source = await openFileSource(path);
  try {
    if (source.size > MAX_INDEX_BYTES) throw invalid(label, [`its index has ${source.size} bytes`]);
    const bytes = new Uint8Array(source.size);
    await source.readInto(bytes, 0);
    try {
      return readSortedTable(bytes);
    } catch (error) {
      throw invalid(label, [`its index: ${error instanceof Error ? error.message : "cannot be read"}`]);
    }
  } finally {
    await source.close();
  }
}

/** Only the shards that hold a variable need be there. */
async function openShards(prefix: string, label: string, bundle: Bundle): Promise<ByteSource[]> {
  const used = new Set(bundle.variables.map(({ shard }) => shard));
  const five = (n: number): string => String(n).padStart(5, "0");
  const shards: ByteSource[] = [];
  const problems: string[] = [];
  for (let i = 0; i < bundle.numShards; i++) {
    if (!used.has(i)) continue;
    const name = `${basename(prefix)}.data-${five(i)}-of-${five(bundle.numShards)}`;
    try {
      shards[i] = await openFileSource(join(dirname(prefix), name));
    } catch (error) {
      if (!(error instanceof WeightsError)) throw error;
      problems.push(
        error.code === "NOT_FOUND" ? `${quoteName(name)} is missing` : `${quoteName(name)} cannot be read`,
      );
    }
  }
  if (problems.length > 0) {
    await Promise.all(shards.map((shard) => shard.close()));
    throw invalid(label, problems);
  }
  return shards;
}

function checkRanges(bundle: Bundle, shards: readonly ByteSource[], problems: string[]): void {
  const inOrder = [...bundle.variables].sort((a, b) => a.shard - b.shard || a.offset - b.offset);
  let shard = -1;
  let end = 0;
  for (const variable of inOrder) {
    if (variable.shard !== shard) {
      shard = variable.shard;
      end = 0;
    }
    const name = quoteName(variable.name);
    const size = shards[shard]!.size;
    if (variable.offset + variable.byteLength > size) {
      problems.push(
        `variable ${name}: bytes ${variable.offset} to ${variable.offset + variable.byteLength} lie outside shard ${shard}, which has ${size}`,
      );
    }
    // Gaps are allowed here: the writer may align its data.
    if (variable.offset < end && variable.byteLength > 0) {
      problems.push(
        `variable ${name}: ${end - variable.offset} of its bytes belong to the one before it too`,
      );
    }
    end = Math.max(end, variable.offset + variable.byteLength);
  }
}

function checkpointFile(
  label: string,
  bundle: Bundle,
  shards: readonly ByteSource[],
  close: () => Promise<void>,
): CheckpointFile {
  const byName = new Map(bundle.variables.map((variable) => [variable.name, variable]));

  async function checked<T>(
    name: string,
    read: (source: ByteSource, tensor: StoredTensor, observe: (bytes: Uint8Array) => void) => Promise<T>,
  ): Promise<T> {
    const variable = find(name);
    let crc = 0;
    const value = await read(shards[variable.shard]!, { ...variable, position: variable.offset }, (bytes) => {
      crc = crc32c(bytes, crc);
    });
    // A string's checksum covers its lengths in another form; its bytes are given unchecked.
    if (variable.dtype !== "string" && maskCrc(crc) !== variable.maskedCrc) {
      throw new WeightsError(
        "CHECKSUM_MISMATCH",
        `Variable ${quoteName(name)} of ${label}: its bytes do not match their checksum. The file is damaged: fetch it again.`,
      );
    }
    return value;
  }

  function find(name: string): BundleVariable {
    const variable = byName.get(name);
    if (variable === undefined) {
      throw new WeightsError("TENSOR_NOT_FOUND", `${label} holds no variable ${quoteName(name)}.`);
    }
    return variable;
  }

  return {
    format: "tensorflow-checkpoint",
    tensors: new Map(
      bundle.variables.map(({ name, dtype, shape, byteLength }) => [name, { dtype, shape, byteLength }]),
    ),
    metadata: {},
    read: (name) => checked(name, readStoredTensor),
    readBytes: (name) => checked(name, readStoredBytes),
    close,
  };
}

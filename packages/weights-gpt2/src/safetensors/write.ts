/**
 * Writes a safetensors file: the same tensors give the same bytes, whatever order they come in, and the file appears
 * whole or not at all (written beside its place, flushed to disk, renamed). Floats are narrowed on the way, 1 MiB at a time.
 */
import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { DTYPE_BYTES } from "../decode.js";
import { quoteName, WeightsError } from "../errors.js";
import { encodeBfloat16, encodeBinary16 } from "../half-float.js";
import { elementCount } from "../tensor.js";
import { LENGTH_BYTES, MAX_HEADER_BYTES } from "./header.js";

interface EntryBase {
  readonly name: string;
  readonly shape: readonly number[];
}

/** F16 and BF16 take float32 values and round them to nearest, ties to even. */
export type SafetensorsEntry = EntryBase &
  (
    | { readonly dtype: "F32" | "F16" | "BF16"; readonly data: Float32Array }
    | { readonly dtype: "I8"; readonly data: Int8Array }
    | { readonly dtype: "I32"; readonly data: Int32Array }
    | { readonly dtype: "U8"; readonly data: Uint8Array }
  );

export interface WriteOptions {
  /** Text stored in the header, for people and tools; not interpreted. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const CHUNK_ELEMENTS = 2 ** 18;

/** @throws {WeightsError} SAFETENSORS_UNWRITABLE where names or lengths are wrong; errors of the file system as they are */
export async function writeSafetensors(
  path: string,
  entries: Iterable<SafetensorsEntry>,
  options: WriteOptions = {},
): Promise<void> {
  const sorted = [...entries].sort(byWidthThenName);
  const header = encodeHeader(sorted, options.metadata);
  const partPath = `${path}.${process.pid}-${randomBytes(4).toString("hex")}.part`;
  const file = await open(partPath, "wx");
  try {
    try {
      await writeAll(file, header);
      for (const entry of sorted) await writeEntry(file, entry);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partPath, path);
  } catch (error) {
    await unlink(partPath).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

/** The same bytes in memory, for small files and tests. */
export function encodeSafetensors(
  entries: Iterable<SafetensorsEntry>,
  options: WriteOptions = {},
): Uint8Array<ArrayBuffer> {
  const sorted = [...entries].sort(byWidthThenName);
  const parts = [encodeHeader(sorted, options.metadata)];
  for (const entry of sorted) parts.push(...encodedChunks(entry));
  return new Uint8Array(Buffer.concat(parts));
}

/** Wide elements first, as the reference writer does, so that every tensor is aligned to its element size. */
function byWidthThenName(a: SafetensorsEntry, b: SafetensorsEntry): number {
  const width = DTYPE_BYTES.get(b.dtype)! - DTYPE_BYTES.get(a.dtype)!;
  return width !== 0 ? width : a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function encodeHeader(
  entries: readonly SafetensorsEntry[],
  metadata: Readonly<Record<string, string>> | undefined,
): Uint8Array {
  const problems: string[] = [];
  const seen = new Set<string>(["__metadata__"]);
  const fields: string[] = [];
  if (metadata !== undefined && Object.keys(metadata).length > 0) {
    const sorted = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
    const pairs = sorted.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    fields.push(`"__metadata__":{${pairs.join(",")}}`);
  }
  let offset = 0;
  for (const { name, dtype, shape, data } of entries) {
    if (seen.has(name)) problems.push(`the name ${quoteName(name)} is taken`);
    // A lone surrogate has no UTF-8 form, so the name would not read back as it was.
    if (/\p{Surrogate}/u.test(name)) problems.push(`the name ${quoteName(name)} is not well-formed Unicode`);
    seen.add(name);
    if (
      !shape.every((size) => Number.isSafeInteger(size) && size >= 0) ||
      elementCount(shape) !== data.length
    ) {
      problems.push(`tensor ${quoteName(name)}: ${data.length} values for shape [${shape.join(", ")}]`);
    }
    const end = offset + data.length * DTYPE_BYTES.get(dtype)!;
    fields.push(
      `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape.join(",")}],"data_offsets":[${offset},${end}]}`,
    );
    offset = end;
  }
  const json = Buffer.from(`{${fields.join(",")}}`, "utf8");
  const padded = Math.ceil(json.byteLength / 8) * 8;
  if (padded > MAX_HEADER_BYTES)
    problems.push(`the header takes ${padded} bytes, more than ${MAX_HEADER_BYTES}`);
  if (problems.length > 0) {
    throw new WeightsError("SAFETENSORS_UNWRITABLE", "These tensors cannot be written:", { problems });
  }
  const header = Buffer.alloc(LENGTH_BYTES + padded, " ");
  header.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(header, LENGTH_BYTES);
  return header;
}

function* encodedChunks(entry: SafetensorsEntry): Generator<Uint8Array> {
  const { dtype, data } = entry;
  if (dtype !== "F16" && dtype !== "BF16") {
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return;
  }
  const encode = dtype === "F16" ? encodeBinary16 : encodeBfloat16;
  for (let at = 0; at < data.length; at += CHUNK_ELEMENTS) {
    const values = data.subarray(at, at + CHUNK_ELEMENTS);
    const halves = new Uint16Array(values.length);
    encode(values, halves);
    yield new Uint8Array(halves.buffer);
  }
}

async function writeEntry(file: FileHandle, entry: SafetensorsEntry): Promise<void> {
  for (const chunk of encodedChunks(entry)) await writeAll(file, chunk);
}

/** FileHandle.write may write less than it was given, and takes at most 2 GiB - 1. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(bytes.byteLength - done, 2 ** 30));
    done += bytesWritten;
  }
}

/** A rename is on disk only when its folder is; some platforms cannot flush a folder, and need not. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

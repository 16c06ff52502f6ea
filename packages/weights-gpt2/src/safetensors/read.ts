/**
 * Opens a safetensors file and reads the tensors that are asked for, each by its position in the file. The header is
 * checked completely first (header.ts); the data itself carries no checksum in this format.
 */
import { basename } from "node:path";
import { type ByteSource, memorySource, openFileSource } from "../byte-source.js";
import { readStoredBytes, readStoredTensor, type StoredTensor } from "../decode.js";
import { quoteName, WeightsError } from "../errors.js";
import type { TensorFile } from "../tensor.js";
import { headerLength, LENGTH_BYTES, parseHeader } from "./header.js";

export interface SafetensorsFile extends TensorFile {
  readonly format: "safetensors";
}

/** @throws {WeightsError} NOT_FOUND, UNREADABLE, SAFETENSORS_INVALID. The caller closes what it gets. */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const source = await openFileSource(path);
  try {
    return await readHeader(source, basename(path));
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** The same for a file that is in memory; `bytes` must not change while it is in use. */
export function parseSafetensors(bytes: Uint8Array, label = "The file"): Promise<SafetensorsFile> {
  return readHeader(memorySource(bytes), label);
}

async function readHeader(source: ByteSource, label: string): Promise<SafetensorsFile> {
  const start = new Uint8Array(Math.min(LENGTH_BYTES, source.size));
  await source.readInto(start, 0);
  const header = new Uint8Array(headerLength(start, source.size, label));
  await source.readInto(header, LENGTH_BYTES);
  const dataBytes = source.size - LENGTH_BYTES - header.byteLength;
  const { tensors, metadata } = parseHeader(header, dataBytes, label);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const find = (name: string): StoredTensor => {
    const tensor = byName.get(name);
    if (tensor === undefined) {
      throw new WeightsError("TENSOR_NOT_FOUND", `${label} holds no tensor ${quoteName(name)}.`);
    }
    return tensor;
  };
  return {
    format: "safetensors",
    tensors: new Map(
      tensors.map(({ name, dtype, shape, byteLength }) => [name, { dtype, shape, byteLength }]),
    ),
    metadata,
    read: async (name) => readStoredTensor(source, find(name)),
    readBytes: async (name) => readStoredBytes(source, find(name)),
    close: () => source.close(),
  };
}

/**
 * Random access to bytes: a file read by position, or an array in memory. The formats above know only this interface, so
 * every check that holds for a file holds for bytes in memory too. Nothing is cached here.
 */
import { type FileHandle, open, stat } from "node:fs/promises";
import { WeightsError } from "./errors.js";

export interface ByteSource {
  readonly size: number;
  /** Fills `target` completely from `position`; the caller has checked that the range lies inside. */
  readInto(target: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/** One read call of the operating system takes at most 2 GiB - 1. */
const MAX_READ_BYTES = 2 ** 30;

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

/** @throws {WeightsError} NOT_FOUND, UNREADABLE (a folder, a pipe, no permission, shorter than it said) */
export async function openFileSource(path: string): Promise<ByteSource> {
  let file: FileHandle;
  let size: number;
  try {
    // Before open(): opening a named pipe would wait for a writer for ever.
    const found = await stat(path);
    if (!found.isFile()) throw new WeightsError("UNREADABLE", `${path} is not a regular file.`);
    file = await open(path, "r");
    size = (await file.stat()).size;
  } catch (error) {
    if (error instanceof WeightsError) throw error;
    if (isMissing(error)) throw new WeightsError("NOT_FOUND", `There is no file ${path}.`, { cause: error });
    throw new WeightsError("UNREADABLE", `${path} cannot be opened.`, { cause: error });
  }
  return {
    size,
    async readInto(target, position) {
      let done = 0;
      while (done < target.byteLength) {
        const wanted = Math.min(target.byteLength - done, MAX_READ_BYTES);
        const { bytesRead } = await file.read(target, done, wanted, position + done);
        if (bytesRead === 0) {
          throw new WeightsError("UNREADABLE", `${path} became shorter while it was being read.`);
        }
        done += bytesRead;
      }
    },
    close: () => file.close(),
  };
}

export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.byteLength,
    async readInto(target, position) {
      target.set(bytes.subarray(position, position + target.byteLength));
    },
    async close() {},
  };
}

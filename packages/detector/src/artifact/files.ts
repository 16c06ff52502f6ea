/** The file system side of a detector directory: bounded reading, hashing, and writing several files as one. */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DetectorError } from "../errors.js";

/** @throws {DetectorError} DETECTOR_NOT_FOUND unless `path` is a plain file (a pipe would block for ever) */
export async function requireFile(path: string): Promise<{ readonly bytes: number }> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) {
    throw new DetectorError(
      "DETECTOR_NOT_FOUND",
      `Expected a detector's ${basename(path)} at ${path}, but there is ${found ? "something that is no file" : "nothing"}. Give the directory that training wrote.`,
    );
  }
  return { bytes: found.size };
}

/** @throws {DetectorError} DETECTOR_NOT_FOUND; CONFIG_INVALID when the file is larger than `maxBytes` */
export async function readSmallTextFile(path: string, maxBytes: number): Promise<string> {
  const { bytes } = await requireFile(path);
  if (bytes > maxBytes) {
    throw new DetectorError(
      "CONFIG_INVALID",
      `Expected ${basename(path)} to have at most ${maxBytes} bytes, got ${bytes}. This is no detector's.`,
    );
  }
  return readFile(path, "utf8");
}

/** sha256 of a file, hex, in constant memory. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest("hex");
}

export interface NewFile {
  readonly name: string;
  /** Writes the file's contents at `path`, which is not its final place. */
  readonly write: (path: string) => Promise<void>;
}

/**
 * Writes files into `dir` so that a reader sees all of them old or all of them new, as far as a file system allows:
 * a directory that is not there yet appears complete; in one that is, each file is renamed into place after all of
 * them were written, in the order given. Other files of the directory stay.
 */
export async function writeTogether(dir: string, files: readonly NewFile[]): Promise<void> {
  const exists = (await stat(dir).catch(() => undefined))?.isDirectory() ?? false;
  const suffix = randomBytes(4).toString("hex");
  await mkdir(dirname(dir), { recursive: true });
  const staging = exists
    ? join(dir, `.writing-${suffix}`)
    : join(dirname(dir), `.${basename(dir)}-${suffix}`);
  await mkdir(staging);
  try {
    for (const { name, write } of files) {
      await write(join(staging, name));
      await flush(join(staging, name));
    }
    if (!exists) await rename(staging, dir);
    else for (const { name } of files) await rename(join(staging, name), join(dir, name));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** A rename may reach the disk before the contents do: after a power cut the new name would hold nothing. */
async function flush(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

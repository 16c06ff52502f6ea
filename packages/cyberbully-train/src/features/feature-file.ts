/**
 * What the frozen trunk made of every message, on disk in binary16: rows of one message after the other, read back by
 * position. A JSON file beside it, written last, holds its key, size and sha256; without it the features count as absent.
 *
 * A row with values beyond binary16's largest, 65504, is divided by a power of two before it is rounded, which changes
 * nothing but its exponents: GPT-2 has a few channels in the thousands at the first token, and larger models more
 * (arXiv 2402.17762). The powers, one byte a row, stand behind the rows; nearly all are 0.
 */
import { randomBytes } from "node:crypto";
import {
  type FileHandle,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { decodeBinary16, encodeBinary16 } from "@btp/weights-gpt2";
import * as z from "zod";
import { TrainError } from "../errors.js";
import { sha256OfFile } from "../run/checkpoint.js";

export interface FeatureShape {
  /** Row i of a message: rowOffsets[message] + i; the last entry is the number of rows. */
  readonly rowOffsets: Int32Array;
  /** D: values of a row. */
  readonly width: number;
}

const manifestSchema = z.strictObject({
  format: z.literal("btp-features"),
  formatVersion: z.literal(2),
  key: z.string(),
  bytes: z.number().int().min(0),
  sha256: z.string(),
});

const bytesPerValue = 2;
const largestBinary16 = 65504;

const rowBytes = ({ rowOffsets, width }: FeatureShape): number => rowOffsets.at(-1)! * width * bytesPerValue;

/** Of the file: the rows and their powers. */
export const featureBytes = (shape: FeatureShape): number => rowBytes(shape) + shape.rowOffsets.at(-1)!;

const dataPath = (folder: string, key: string): string => join(folder, `${key}.f16`);
const manifestPath = (folder: string, key: string): string => join(folder, `${key}.json`);

/** Reads rows of messages; the caller closes it. */
export class FeatureReader {
  private readonly file: FileHandle;
  private readonly shape: FeatureShape;
  private readonly powers: Uint8Array;
  private buffer = new Uint16Array(0);

  private constructor(file: FileHandle, shape: FeatureShape, powers: Uint8Array) {
    this.file = file;
    this.shape = shape;
    this.powers = powers;
  }

  /** @param path - a whole file */
  static async open(path: string, shape: FeatureShape): Promise<FeatureReader> {
    const file = await open(path, "r");
    try {
      const powers = new Uint8Array(shape.rowOffsets.at(-1)!);
      await readWhole(file, powers, rowBytes(shape));
      return new FeatureReader(file, shape, powers);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Writes the rows of one message, float32, to the beginning of `target`. */
  async read(message: number, target: Float32Array): Promise<void> {
    const { rowOffsets, width } = this.shape;
    const values = (rowOffsets[message + 1]! - rowOffsets[message]!) * width;
    if (values === 0) return;
    if (this.buffer.length < values) this.buffer = new Uint16Array(values);
    const bytes = new Uint8Array(this.buffer.buffer, 0, values * bytesPerValue);
    await readWhole(this.file, bytes, rowOffsets[message]! * width * bytesPerValue);
    decodeBinary16(this.buffer.subarray(0, values), target);
    for (let row = rowOffsets[message]!; row < rowOffsets[message + 1]!; row++) {
      const power = this.powers[row]!;
      if (power === 0) continue;
      const from = (row - rowOffsets[message]!) * width;
      for (let i = from; i < from + width; i++) target[i]! *= 2 ** power;
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

async function readWhole(file: FileHandle, target: Uint8Array, position: number): Promise<void> {
  const { bytesRead } = await file.read(target, 0, target.byteLength, position);
  if (bytesRead === target.byteLength) return;
  throw new TrainError("BAD_FEATURE_CACHE", "The feature cache became shorter while it was read. Run again.");
}

/**
 * @returns undefined where the features are not there, or are damaged: then they are removed, to be computed again
 */
export async function openFeatures(
  folder: string,
  key: string,
  shape: FeatureShape,
): Promise<FeatureReader | undefined> {
  const manifest = await readManifest(manifestPath(folder, key));
  if (manifest === undefined) return undefined;
  const path = dataPath(folder, key);
  const bytes = (await stat(path).catch(() => undefined))?.size;
  const whole =
    manifest.key === key &&
    bytes === featureBytes(shape) &&
    bytes === manifest.bytes &&
    (await sha256OfFile(path)) === manifest.sha256;
  if (whole) return FeatureReader.open(path, shape);
  await rm(manifestPath(folder, key), { force: true });
  await rm(path, { force: true });
  return undefined;
}

async function readManifest(path: string): Promise<z.infer<typeof manifestSchema> | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return manifestSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Takes rows of messages in any order; appears under its key only when `finish` was called. */
export class FeatureWriter {
  private readonly file: FileHandle;
  private readonly part: string;
  private readonly folder: string;
  private readonly key: string;
  private readonly shape: FeatureShape;
  private readonly powers: Uint8Array;
  private closed = false;

  private constructor(file: FileHandle, part: string, folder: string, key: string, shape: FeatureShape) {
    this.file = file;
    this.part = part;
    this.folder = folder;
    this.key = key;
    this.shape = shape;
    this.powers = new Uint8Array(shape.rowOffsets.at(-1)!);
  }

  /** @throws {TrainError} NO_SPACE */
  static async create(folder: string, key: string, shape: FeatureShape): Promise<FeatureWriter> {
    await mkdir(folder, { recursive: true });
    await requireSpace(folder, featureBytes(shape));
    const part = join(folder, `${key}.${process.pid}-${randomBytes(4).toString("hex")}.part`);
    return new FeatureWriter(await open(part, "wx"), part, folder, key, shape);
  }

  /**
   * @param rows - float32, all rows of the message; changed where a row is out of binary16's range
   * @throws {TrainError} BAD_FEATURE_CACHE when a value is NaN or infinite
   */
  async write(message: number, rows: Float32Array): Promise<void> {
    const { rowOffsets, width } = this.shape;
    const firstRow = rowOffsets[message]!;
    for (let from = 0; from < rows.length; from += width)
      this.powers[firstRow + from / width] = bringIntoRange(rows.subarray(from, from + width));
    const halves = new Uint16Array(rows.length);
    encodeBinary16(rows, halves);
    const position = firstRow * width * bytesPerValue;
    await this.file.write(new Uint8Array(halves.buffer), 0, halves.byteLength, position);
  }

  async finish(): Promise<FeatureReader> {
    await this.file.write(this.powers, 0, this.powers.length, rowBytes(this.shape));
    await this.file.truncate(featureBytes(this.shape));
    await this.file.sync();
    await this.close();
    const sha256 = await sha256OfFile(this.part);
    const path = dataPath(this.folder, this.key);
    await rename(this.part, path);
    const manifest = {
      format: "btp-features",
      formatVersion: 2,
      key: this.key,
      bytes: featureBytes(this.shape),
      sha256,
    };
    const temporary = `${manifestPath(this.folder, this.key)}.${process.pid}.part`;
    await writeFile(temporary, `${JSON.stringify(manifest, null, 1)}\n`);
    await rename(temporary, manifestPath(this.folder, this.key));
    return FeatureReader.open(path, this.shape);
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    await this.close();
    await rm(this.part, { force: true });
  }

  private async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.file.close();
  }
}

/** Divides a row by a power of two so that binary16 holds it. @returns the power, 0 for nearly every row */
function bringIntoRange(row: Float32Array): number {
  let largest = 0;
  for (const value of row) {
    const size = Math.abs(value);
    // Written so that NaN, which compares with nothing, is refused too.
    if (!(size < Number.POSITIVE_INFINITY))
      throw new TrainError(
        "BAD_FEATURE_CACHE",
        "Expected finite hidden states from the frozen blocks, got NaN or infinity. The base's weights are damaged or do not fit.",
      );
    if (size > largest) largest = size;
  }
  if (largest <= largestBinary16) return 0;
  const power = Math.ceil(Math.log2(largest / largestBinary16));
  for (let i = 0; i < row.length; i++) row[i]! /= 2 ** power;
  return power;
}

async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free > bytes * 1.02 + 2 ** 20) return;
  const gigabytes = (n: number): string => `${(n / 1e9).toFixed(2)} GB`;
  throw new TrainError(
    "NO_SPACE",
    `Expected ${gigabytes(bytes)} of free disk in ${folder} for the frozen blocks' output, got ${gigabytes(free)}. ` +
      "Give --cache-dir on another disk, or --no-cache to compute it anew in each epoch.",
  );
}

/**
 * What the frozen trunk made of every message, on disk in binary16: rows of one message after the other, read back by
 * position. A JSON file beside it, written last, holds its key, size and sha256; without it the features count as absent.
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
  formatVersion: z.literal(1),
  key: z.string(),
  bytes: z.number().int().min(0),
  sha256: z.string(),
});

const bytesPerValue = 2;

export const featureBytes = ({ rowOffsets, width }: FeatureShape): number =>
  rowOffsets.at(-1)! * width * bytesPerValue;

const dataPath = (folder: string, key: string): string => join(folder, `${key}.f16`);
const manifestPath = (folder: string, key: string): string => join(folder, `${key}.json`);

/** Reads rows of messages; the caller closes it. */
export class FeatureReader {
  private readonly file: FileHandle;
  private readonly shape: FeatureShape;
  private buffer = new Uint16Array(0);

  constructor(file: FileHandle, shape: FeatureShape) {
    this.file = file;
    this.shape = shape;
  }

  /** Writes the rows of one message, float32, to the beginning of `target`. */
  async read(message: number, target: Float32Array): Promise<void> {
    const { rowOffsets, width } = this.shape;
    const values = (rowOffsets[message + 1]! - rowOffsets[message]!) * width;
    if (values === 0) return;
    if (this.buffer.length < values) this.buffer = new Uint16Array(values);
    const bytes = values * bytesPerValue;
    const { bytesRead } = await this.file.read(
      new Uint8Array(this.buffer.buffer),
      0,
      bytes,
      rowOffsets[message]! * width * bytesPerValue,
    );
    if (bytesRead !== bytes)
      throw new TrainError(
        "BAD_FEATURE_CACHE",
        "The feature cache became shorter while it was read. Run again.",
      );
    decodeBinary16(this.buffer.subarray(0, values), target);
  }

  close(): Promise<void> {
    return this.file.close();
  }
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
  if (whole) return new FeatureReader(await open(path, "r"), shape);
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
  private closed = false;

  private constructor(file: FileHandle, part: string, folder: string, key: string, shape: FeatureShape) {
    this.file = file;
    this.part = part;
    this.folder = folder;
    this.key = key;
    this.shape = shape;
  }

  /** @throws {TrainError} NO_SPACE */
  static async create(folder: string, key: string, shape: FeatureShape): Promise<FeatureWriter> {
    await mkdir(folder, { recursive: true });
    await requireSpace(folder, featureBytes(shape));
    const part = join(folder, `${key}.${process.pid}-${randomBytes(4).toString("hex")}.part`);
    return new FeatureWriter(await open(part, "wx"), part, folder, key, shape);
  }

  /**
   * @param rows - float32, all rows of the message
   * @throws {TrainError} BAD_FEATURE_CACHE when a value is NaN or beyond binary16
   */
  async write(message: number, rows: Float32Array): Promise<void> {
    const halves = new Uint16Array(rows.length);
    encodeBinary16(rows, halves);
    // Infinity and NaN are all exponents of 31.
    if (halves.some((bits) => (bits & 0x7c00) === 0x7c00))
      throw new TrainError(
        "BAD_FEATURE_CACHE",
        "Expected hidden states within 65504, the largest 16-bit float, got larger ones or NaN. --no-cache computes them anew in 32 bits.",
      );
    const position = this.shape.rowOffsets[message]! * this.shape.width * bytesPerValue;
    await this.file.write(new Uint8Array(halves.buffer), 0, halves.byteLength, position);
  }

  async finish(): Promise<FeatureReader> {
    await this.file.truncate(featureBytes(this.shape));
    await this.file.sync();
    await this.close();
    const sha256 = await sha256OfFile(this.part);
    const path = dataPath(this.folder, this.key);
    await rename(this.part, path);
    const manifest = {
      format: "btp-features",
      formatVersion: 1,
      key: this.key,
      bytes: featureBytes(this.shape),
      sha256,
    };
    const temporary = `${manifestPath(this.folder, this.key)}.${process.pid}.part`;
    await writeFile(temporary, `${JSON.stringify(manifest, null, 1)}\n`);
    await rename(temporary, manifestPath(this.folder, this.key));
    return new FeatureReader(await open(path, "r"), this.shape);
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

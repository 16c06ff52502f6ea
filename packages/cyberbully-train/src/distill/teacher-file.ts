/**
 * What a teacher said about texts: scores or vectors from safetensors files, one row a text in the file's order. The
 * header's `texts_sha256` must be that of the text file, so that no row is ever taken for another text's.
 * Shape letters: N texts, K width of the vectors.
 */
import { decodeBinary16, openSafetensors, type SafetensorsFile, WeightsError } from "@btp/weights-gpt2";
import { TrainError } from "../errors.js";

export interface TeacherVectors {
  /** K */
  readonly width: number;
  /** N */
  readonly count: number;
  /** @returns float32 [K]: a copy */
  row(index: number): Float32Array;
}

/**
 * @param textsSha256 - of the text file
 * @returns float32 [N], logits
 * @throws {TrainError} BAD_TEACHER_FILE
 */
export function readScores(path: string, textsSha256: string): Promise<Float32Array> {
  return withFile(path, textsSha256, async (file) => {
    const info = tensorOf(file, path, "scores", ["F32"], 1);
    const { data } = await file.read("scores");
    if (data.length !== info.shape[0] || !(data instanceof Float32Array) || !data.every(Number.isFinite))
      throw bad(path, "a score is not a finite number");
    return data;
  });
}

/**
 * Half-width vectors stay as they are in memory and are widened row by row.
 * @throws {TrainError} BAD_TEACHER_FILE
 */
export function readVectors(path: string, textsSha256: string): Promise<TeacherVectors> {
  return withFile(path, textsSha256, async (file) => {
    const { dtype, shape } = tensorOf(file, path, "vectors", ["F16", "F32"], 2);
    const [count = 0, width = 0] = shape;
    const bytes = await file.readBytes("vectors");
    const values =
      dtype === "F16"
        ? new Uint16Array(bytes.buffer, bytes.byteOffset, count * width)
        : new Float32Array(bytes.buffer, bytes.byteOffset, count * width);
    const row = (index: number): Float32Array => {
      const part = values.subarray(index * width, (index + 1) * width);
      if (part instanceof Float32Array) return Float32Array.from(part);
      const wide = new Float32Array(width);
      decodeBinary16(part, wide);
      return wide;
    };
    return { width, count, row };
  });
}

async function withFile<T>(
  path: string,
  textsSha256: string,
  read: (file: SafetensorsFile) => Promise<T>,
): Promise<T> {
  try {
    const file = await openSafetensors(path);
    try {
      const written = file.metadata.texts_sha256;
      if (written !== textsSha256)
        throw bad(
          path,
          written === undefined
            ? "its header names no texts_sha256"
            : "it belongs to another text file, or the texts were changed since (texts_sha256 differs)",
        );
      return await read(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof WeightsError) throw bad(path, error.message, error);
    if (error instanceof Error && "syscall" in error) throw bad(path, "it cannot be read", error);
    throw error;
  }
}

function tensorOf(
  file: SafetensorsFile,
  path: string,
  name: string,
  dtypes: readonly string[],
  rank: number,
): { readonly dtype: string; readonly shape: readonly number[] } {
  const info = file.tensors.get(name);
  if (info === undefined) throw bad(path, `it has no tensor ${name}`);
  if (!dtypes.includes(info.dtype) || info.shape.length !== rank)
    throw bad(
      path,
      `${name} is ${info.dtype} [${info.shape.join(", ")}], not ${dtypes.join(" or ")} of rank ${rank}`,
    );
  return info;
}

function bad(path: string, why: string, cause?: unknown): TrainError {
  return new TrainError(
    "BAD_TEACHER_FILE",
    `Expected a teacher's scores or vectors in ${path}, but ${why}. Make it again with tools/teacher/make_scores.py.`,
    { cause },
  );
}

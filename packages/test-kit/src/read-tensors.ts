/**
 * Reads the safetensors files that tests compare with, whole and in one piece. For trusted fixtures only: the reader that
 * checks hostile files is weights-gpt2's, which packages below it cannot use.
 */
import { readFileSync } from "node:fs";

export interface FixtureTensor {
  readonly dtype: "float32" | "int32";
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

const arrays = { F32: Float32Array, I32: Int32Array } as const;

/**
 * @param path - a safetensors file of F32 and I32 tensors
 * @returns each tensor by its name
 * Source: the format's description, https://github.com/huggingface/safetensors#format
 */
export function readTensors(path: string): Map<string, FixtureTensor> {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header: unknown = JSON.parse(bytes.toString("utf8", 8, start));
  const tensors = new Map<string, FixtureTensor>();
  for (const [name, entry] of Object.entries(header ?? {})) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets } = entry as {
      dtype: string;
      shape: number[];
      data_offsets: [number, number];
    };
    if (dtype !== "F32" && dtype !== "I32") throw new Error(`${name} is ${dtype}; fixtures are F32 or I32`);
    // Copied, because a typed array must begin at a multiple of four.
    const raw = Uint8Array.prototype.slice.call(bytes, start + data_offsets[0], start + data_offsets[1]);
    const data = new arrays[dtype](raw.buffer);
    tensors.set(name, { dtype: dtype === "F32" ? "float32" : "int32", shape, data });
  }
  return tensors;
}

/**
 * The header of a safetensors file, checked completely before a byte of data is believed: 8 bytes with the length N of
 * the header, little-endian; N bytes of JSON, `{name: {dtype, shape, data_offsets}}`; then the data without holes.
 * Source: https://github.com/huggingface/safetensors#format. Stricter than it only in the largest header accepted.
 */
import { DTYPE_BYTES, type StoredTensor } from "../decode.js";
import { quoteName, WeightsError } from "../errors.js";
import { parseJsonBytes } from "../json-text.js";
import { elementCount } from "../tensor.js";

export interface SafetensorsHeader {
  /** In the order of their bytes in the file, so that reading them all is one pass. */
  readonly tensors: readonly StoredTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

export const LENGTH_BYTES = 8;
/** GPT-2 XL's header has 58 KB; this bounds the memory a hostile file can make the parser use. */
export const MAX_HEADER_BYTES = 8_000_000;
const MAX_RANK = 32;
const MAX_PROBLEMS = 1000;

/**
 * The header's length from the file's first 8 bytes.
 * @throws {WeightsError} SAFETENSORS_INVALID
 */
export function headerLength(lengthBytes: Uint8Array, fileSize: number, label: string): number {
  if (lengthBytes.byteLength < LENGTH_BYTES) {
    throw invalid(label, [`a safetensors file has at least ${LENGTH_BYTES} bytes; this one has ${fileSize}`]);
  }
  const view = new DataView(lengthBytes.buffer, lengthBytes.byteOffset, LENGTH_BYTES);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw invalid(label, [
      `its header claims ${length} bytes, more than the ${MAX_HEADER_BYTES} accepted; probably no safetensors file`,
    ]);
  }
  if (Number(length) > fileSize - LENGTH_BYTES) {
    throw invalid(label, [
      `its header claims ${length} bytes, but only ${fileSize - LENGTH_BYTES} follow: the file is cut short`,
    ]);
  }
  return Number(length);
}

/**
 * @param header - the N bytes of JSON
 * @param dataBytes - how many bytes follow the header
 * @throws {WeightsError} SAFETENSORS_INVALID with everything that is wrong
 */
export function parseHeader(header: Uint8Array, dataBytes: number, label: string): SafetensorsHeader {
  let parsed: ReturnType<typeof parseJsonBytes>;
  try {
    parsed = parseJsonBytes(header);
  } catch (error) {
    throw invalid(label, [
      `its header cannot be read: ${error instanceof Error ? error.message : "unknown"}`,
    ]);
  }
  if (!isRecord(parsed.value) || header[0] !== 0x7b)
    throw invalid(label, ["its header is not a JSON object"]);
  const problems = parsed.duplicates.map((name) => `the name ${quoteName(name)} occurs twice`);
  const metadata: Record<string, string> = {};
  const tensors: StoredTensor[] = [];
  const dataStart = LENGTH_BYTES + header.byteLength;
  for (const [name, entry] of Object.entries(parsed.value)) {
    if (problems.length >= MAX_PROBLEMS) break;
    if (name === "__metadata__") readMetadata(entry, metadata, problems);
    else {
      const tensor = readEntry(name, entry, dataStart, dataBytes, problems);
      if (tensor !== undefined) tensors.push(tensor);
    }
  }
  tensors.sort((a, b) => a.position - b.position || a.byteLength - b.byteLength);
  if (problems.length === 0) checkCoverage(tensors, dataStart, dataBytes, problems);
  if (problems.length > 0) throw invalid(label, problems);
  return { tensors, metadata };
}

function invalid(label: string, problems: readonly string[]): WeightsError {
  return new WeightsError("SAFETENSORS_INVALID", `${label} is not a valid safetensors file:`, { problems });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function readMetadata(entry: unknown, metadata: Record<string, string>, problems: string[]): void {
  if (!isRecord(entry)) {
    problems.push("__metadata__ is not an object");
    return;
  }
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== "string") problems.push(`__metadata__ ${quoteName(key)} is not a string`);
    // defineProperty, because plain assignment to "__proto__" would change the object's prototype.
    else
      Object.defineProperty(metadata, key, { value, enumerable: true, configurable: true, writable: true });
  }
}

function readEntry(
  name: string,
  entry: unknown,
  dataStart: number,
  dataBytes: number,
  problems: string[],
): StoredTensor | undefined {
  const report = (problem: string): undefined => {
    problems.push(`tensor ${quoteName(name)}: ${problem}`);
    return undefined;
  };
  if (!isRecord(entry)) return report("its entry is not an object");
  const { dtype, shape, data_offsets: offsets, ...others } = entry;
  if (Object.keys(others).length > 0) return report(`unknown field ${quoteName(Object.keys(others)[0]!)}`);
  const width = typeof dtype === "string" ? DTYPE_BYTES.get(dtype) : undefined;
  if (typeof dtype !== "string" || width === undefined) {
    return report(`unknown dtype ${quoteName(String(dtype))}`);
  }
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isCount)) {
    return report(`its shape is not a list of at most ${MAX_RANK} whole numbers`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !isCount(offsets[0]) || !isCount(offsets[1])) {
    return report("its data_offsets are not two whole numbers");
  }
  const [begin, end] = [offsets[0], offsets[1]];
  if (begin > end || end > dataBytes) {
    return report(`its data_offsets ${begin} to ${end} lie outside the ${dataBytes} bytes of data`);
  }
  const count = elementCount(shape);
  if (count === undefined || count > Number.MAX_SAFE_INTEGER / width) {
    return report(`its shape [${shape.join(", ")}] overflows`);
  }
  if (count * width !== end - begin) {
    return report(
      `${dtype} [${shape.join(", ")}] takes ${count * width} bytes, its data_offsets give ${end - begin}`,
    );
  }
  return { name, dtype, shape, position: dataStart + begin, byteLength: end - begin };
}

/** Bytes that belong to no tensor, or to two, have no meaning in this format; both are ways to smuggle data. */
function checkCoverage(
  tensors: readonly StoredTensor[],
  dataStart: number,
  dataBytes: number,
  problems: string[],
): void {
  let next = dataStart;
  for (const { name, position, byteLength } of tensors) {
    if (problems.length >= MAX_PROBLEMS) return;
    if (position < next) {
      problems.push(
        `tensor ${quoteName(name)}: ${next - position} of its bytes belong to the one before it too`,
      );
    } else if (position > next) {
      problems.push(`tensor ${quoteName(name)}: ${position - next} bytes before it belong to no tensor`);
    }
    next = Math.max(next, position + byteLength);
  }
  if (next < dataStart + dataBytes) {
    problems.push(`the last ${dataStart + dataBytes - next} bytes belong to no tensor`);
  }
}

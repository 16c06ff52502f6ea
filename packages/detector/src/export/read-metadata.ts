/**
 * Reads what an exported model says of itself from the bytes of its file: the JavaScript interfaces of ONNX Runtime do not
 * hand it out. Runs in a browser too. The bytes are untrusted: every length is checked before it is used.
 */
import { textNormalisation } from "@btp/core-gpt/tokenizer";
import { DetectorError } from "../errors.js";
import { metadataVersion } from "./metadata-version.js";

/** Everything around the network that a detection needs. */
export interface OnnxDetectorInfo {
  readonly name: string;
  /** For score below the threshold, and from it on. */
  readonly labels: readonly [string, string];
  readonly threshold: number;
  /** Already in the model's score; logits are divided by it. */
  readonly temperature: number;
  /** Tokens of a message that the model reads. */
  readonly maxLength: number;
  readonly vocabSize: number;
  /** GPT-2's ids by the model's own; absent where they are the same. */
  readonly keptTokenIds?: Int32Array;
  /** Whether texts are normalised before they are cut into tokens. */
  readonly normalise: boolean;
  /** sha256 of the detector's model.safetensors, hex. */
  readonly sourceSha256: string;
  /** "fp32" or "int8". */
  readonly precision: string;
}

/**
 * @param bytes - an ONNX file, at least up to its end: weights inside are skipped, not read
 * @throws {DetectorError} CONFIG_INVALID when it is no ONNX model, or none that exportDetector wrote;
 *   FORMAT_VERSION_UNSUPPORTED
 */
export function readOnnxInfo(bytes: Uint8Array): OnnxDetectorInfo {
  const pairs = readMetadata(bytes);
  const version = pairs.get("btp.format");
  if (version === undefined) throw invalid("its metadata has no btp.format");
  if (version !== metadataVersion)
    throw new DetectorError(
      "FORMAT_VERSION_UNSUPPORTED",
      `Expected an exported model of format ${metadataVersion}, got another. Export it again, or update @btp/detector.`,
    );
  const text = (key: string): string => pairs.get(`btp.${key}`) ?? fail(`its metadata has no btp.${key}`);
  const number = (key: string): number => {
    const value = Number(text(key));
    return Number.isFinite(value) ? value : fail(`btp.${key} is no number`);
  };
  const labels = parsed(text("labels"));
  if (!Array.isArray(labels) || labels.length !== 2 || labels.some((label) => typeof label !== "string"))
    throw invalid("btp.labels is no pair of names");
  if (text("tokenizer") !== "gpt2") throw invalid("btp.tokenizer is not gpt2");
  const normalisation = pairs.get("btp.normalisation");
  if (normalisation !== undefined && normalisation !== textNormalisation)
    throw invalid(`its texts are normalised by other rules than ${textNormalisation}`);
  const kept = pairs.get("btp.kept_token_ids");
  return {
    name: text("name"),
    labels: [String(labels[0]), String(labels[1])],
    threshold: number("threshold"),
    temperature: number("temperature"),
    maxLength: number("max_length"),
    vocabSize: number("vocab_size"),
    ...(kept !== undefined && { keptTokenIds: idsOf(parsed(kept)) }),
    normalise: normalisation !== undefined,
    sourceSha256: text("source_sha256"),
    precision: text("precision"),
  };
}

/** ModelProto.metadata_props, and in a StringStringEntryProto its key and value (onnx.proto3). */
const [metadataField, keyField, valueField] = [14, 1, 2];

function readMetadata(bytes: Uint8Array): Map<string, string> {
  const utf8 = new TextDecoder();
  const pairs = new Map<string, string>();
  for (const { number, content } of fieldsOf(bytes)) {
    if (number !== metadataField) continue;
    const entry = new Map([...fieldsOf(content)].map((field) => [field.number, utf8.decode(field.content)]));
    pairs.set(entry.get(keyField) ?? "", entry.get(valueField) ?? "");
  }
  return pairs;
}

/** The length-delimited fields of a Protocol Buffers message; others are skipped. */
function* fieldsOf(bytes: Uint8Array): Generator<{ number: number; content: Uint8Array }> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || factor > 2 ** 63) throw invalid("it is no ONNX file, or it is cut off");
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const wireType = tag % 8;
    if (wireType === 0) varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const length = varint();
      if (length > bytes.length - at) throw invalid("it is no ONNX file, or it is cut off");
      yield { number: Math.floor(tag / 8), content: bytes.subarray(at, at + length) };
      at += length;
    } else throw invalid("it is no ONNX file");
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw invalid("a list in its metadata is no JSON");
  }
}

function idsOf(list: unknown): Int32Array {
  if (!Array.isArray(list) || !list.every(Number.isInteger))
    throw invalid("btp.kept_token_ids is no list of ids");
  return Int32Array.from(list, Number);
}

function fail(problem: string): never {
  throw invalid(problem);
}

function invalid(problem: string): DetectorError {
  return new DetectorError(
    "CONFIG_INVALID",
    `Expected a model written by \`btp-cli export onnx\`, but ${problem}.`,
  );
}

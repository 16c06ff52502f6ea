/** Exports a detector and tells what was written. */
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { readCsvLayout } from "@btp/cyberbully-train/datasets";
import { type ExportedModel, exportDetector, maxMessageLength } from "@btp/detector";
import type { CliContext } from "../context.js";
import { CliError, UsageError } from "../exit-codes.js";
import { findModel } from "../model-path.js";
import { formatOfPath } from "../predict/message-format.js";
import { messageSource } from "../predict/message-source.js";
import { toPrintable } from "../printable.js";
import { refuseToOverwrite } from "../refuse-to-overwrite.js";
import { sizeOfFile } from "../size-of-file.js";

export interface ExportOnnxOptions {
  readonly model?: string;
  readonly out: string;
  readonly precision: "fp32" | "int8";
  readonly calibration?: string;
  readonly textColumn?: string;
  readonly delimiter?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** Each is run on its own, several times; more of them change the measurement little. */
const calibrationMessages = 64;

/** @throws {UsageError}; {CliError} MODEL_NOT_FOUND, FILE_UNREADABLE, OUTPUT_EXISTS; {TrainDataError} for the messages; {DetectorError} */
export async function exportOnnxModel(options: ExportOnnxOptions, context: CliContext): Promise<void> {
  const { precision, calibration, textColumn, delimiter } = options;
  if (calibration === undefined && (textColumn !== undefined || delimiter !== undefined))
    throw new UsageError(
      "Expected --calibration beside --text-column or --delimiter: they say how it is read.",
    );
  if (calibration !== undefined && precision !== "int8")
    throw new UsageError("Expected --calibration with --precision int8: fp32 has nothing to measure.");
  const out = resolve(context.cwd, options.out);
  // The second is written for a model too large for one file.
  refuseToOverwrite([out, `${out}.data`], options.overwrite);
  const model = findModel(options.model ?? context.env.BTP_MODEL, context.cwd);
  const texts =
    calibration === undefined ? undefined : await readSome(resolve(context.cwd, calibration), options);
  const exported = await exportDetector(model, out, {
    precision,
    ...(texts && { calibration: texts }),
  });
  const { files, bytes, metadata } = exported;
  if (options.json) {
    const { int8 } = exported;
    context.stdout.write(`${JSON.stringify({ files, bytes, metadata, ...(int8 && { int8 }) })}\n`);
    return;
  }
  context.stdout.write(`${files.map(toPrintable).join("\n")}\n`);
  const size = bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  context.stderr.write(`${size}, ${precisionOf(exported)}\n`);
}

/** "int8: 44 of 48 matrices, scores moved by at most 0.004" */
function precisionOf({ int8 }: ExportedModel): string {
  if (!int8) return "fp32";
  const { matrices, outputError, outputLimit } = int8;
  if (matrices.length === 0)
    return "int8: no matrix is large enough to gain by it, so all of them stayed float32";
  if (int8.precision === "float32")
    return `float32, since int8 moved scores by more than ${outputLimit} on the calibration messages`;
  const changed = matrices.filter(({ form }) => form !== "float32").length;
  const error = outputError ? `, scores moved by at most ${outputError.max.toFixed(4)}` : "";
  return `int8: ${changed} of ${matrices.length} matrices${error}`;
}

async function readSome(
  path: string,
  { textColumn, delimiter }: Pick<ExportOnnxOptions, "textColumn" | "delimiter">,
): Promise<string[]> {
  const format = formatOfPath(path);
  if (!format) throw new UsageError(`Expected --calibration to end in .csv, .jsonl or .txt, got ${path}.`);
  sizeOfFile(path);
  const csvFormat = readCsvLayout({ delimiter });
  const input = createReadStream(path);
  const source = messageSource(input, { format, path, textColumn, csvFormat, maxLength: maxMessageLength });
  const texts: string[] = [];
  for await (const { messages } of source.groups()) {
    texts.push(...messages.map(({ text }) => text).filter((text) => text.trim() !== ""));
    if (texts.length >= calibrationMessages) break;
  }
  input.destroy();
  if (texts.length === 0) throw new CliError("FILE_UNREADABLE", `Expected messages in ${path}, found none.`);
  return texts.slice(0, calibrationMessages);
}

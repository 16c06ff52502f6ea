/** What `predict --file` is to do, from its options; settled before a model is loaded, so that wrong usage fails at once. */
import { resolve } from "node:path";
import { type ReadCsvOptions, readCsvLayout } from "@btp/cyberbully-train/datasets";
import { type DatasetPreset, datasetPresets, type PresetName } from "../dataset/presets.js";
import { UsageError } from "../exit-codes.js";
import { refuseInputAsOutput, refuseToOverwrite } from "../refuse-to-overwrite.js";
import { sizeOfFile } from "../size-of-file.js";
import { formatOfPath, type MessageFormat } from "./message-format.js";

export interface FileOptions {
  readonly file: string;
  readonly out?: string;
  readonly overwrite?: boolean;
  readonly format?: MessageFormat;
  readonly textColumn?: string;
  readonly delimiter?: string;
  readonly preset?: PresetName;
  readonly json?: boolean;
  readonly explain?: boolean;
}

export interface FilePlan {
  readonly path: string;
  /** Of the file at `path`. */
  readonly bytes: number;
  readonly out: string | undefined;
  readonly inputFormat: MessageFormat;
  readonly outputFormat: MessageFormat | "people";
  readonly textColumn: string | undefined;
  readonly csvFormat: Pick<ReadCsvOptions, "delimiter" | "quote">;
}

/** @throws {UsageError}; {TrainDataError} BAD_DELIMITER; {CliError} FILE_UNREADABLE, OUTPUT_IS_INPUT, OUTPUT_EXISTS */
export function planFile(options: FileOptions, cwd: string): FilePlan {
  const inputFormat = options.format ?? formatOfPath(options.file);
  if (!inputFormat) {
    throw new UsageError(
      `Expected a file ending in .csv, .jsonl or .txt, or --format; got ${options.file || "nothing"}.`,
    );
  }
  const outputFormat = outputFormatOf(options, inputFormat);
  if (options.explain && outputFormat === "csv") {
    throw new UsageError(
      "A CSV file has no room for an explanation. Add --json, or an --out that ends in .jsonl.",
    );
  }
  const path = resolve(cwd, options.file);
  const out = options.out === undefined ? undefined : resolve(cwd, options.out);
  const columns = columnsOf(options, inputFormat);
  const bytes = sizeOfFile(path);
  if (out !== undefined) {
    refuseInputAsOutput(path, [out]);
    refuseToOverwrite([out], options.overwrite);
  }
  return { path, bytes, out, inputFormat, outputFormat, ...columns };
}

/** As `train` and `evaluate` read a CSV. */
function columnsOf(
  { textColumn, delimiter, preset: name }: FileOptions,
  input: MessageFormat,
): Pick<FilePlan, "textColumn" | "csvFormat"> {
  if (input !== "csv" && (delimiter !== undefined || name !== undefined)) {
    throw new UsageError(
      `--delimiter and --preset are for CSV files; this one is read as ${input}. Leave them out, or add --format csv.`,
    );
  }
  const preset: DatasetPreset | undefined = name && datasetPresets[name];
  return {
    textColumn: textColumn ?? preset?.textColumn,
    csvFormat: { ...preset?.format, ...readCsvLayout({ delimiter }) },
  };
}

function outputFormatOf({ json, out }: FileOptions, input: MessageFormat): MessageFormat | "people" {
  if (json) return "jsonl";
  const named = out === undefined ? input : formatOfPath(out);
  if (!named) throw new UsageError(`Expected --out to end in .csv, .jsonl or .txt, got ${out}.`);
  return named === "txt" ? "people" : named;
}

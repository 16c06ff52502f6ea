/** What `predict --file` is to do, from its options; settled before a model is loaded, so that wrong usage fails at once. */
import { resolve } from "node:path";
import { UsageError } from "../exit-codes.js";
import { formatOfPath, type MessageFormat } from "./message-format.js";

export interface FileOptions {
  readonly file: string;
  readonly out?: string;
  readonly format?: MessageFormat;
  readonly textColumn?: string;
  readonly json?: boolean;
  readonly explain?: boolean;
}

export interface FilePlan {
  readonly path: string;
  readonly out: string | undefined;
  readonly inputFormat: MessageFormat;
  readonly outputFormat: MessageFormat | "people";
  readonly textColumn: string | undefined;
}

/** @throws {UsageError} */
export function planFile(options: FileOptions, cwd: string): FilePlan {
  const inputFormat = options.format ?? formatOfPath(options.file);
  if (!inputFormat) {
    throw new UsageError(`Expected a file ending in .csv, .jsonl or .txt, or --format; got ${options.file}.`);
  }
  const outputFormat = outputFormatOf(options, inputFormat);
  if (options.explain && outputFormat === "csv") {
    throw new UsageError(
      "A CSV file has no room for an explanation. Add --json, or an --out that ends in .jsonl.",
    );
  }
  const path = resolve(cwd, options.file);
  const out = options.out === undefined ? undefined : resolve(cwd, options.out);
  return { path, out, inputFormat, outputFormat, textColumn: options.textColumn };
}

function outputFormatOf({ json, out }: FileOptions, input: MessageFormat): MessageFormat | "people" {
  if (json) return "jsonl";
  const named = out === undefined ? input : formatOfPath(out);
  if (!named) throw new UsageError(`Expected --out to end in .csv, .jsonl or .txt, got ${out}.`);
  return named === "txt" ? "people" : named;
}

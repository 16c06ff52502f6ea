/** How a labelled file is laid out, from the words a user says it with: columns, what labels mean, what stands between columns. */
import { TrainDataError } from "./errors.js";
import { parseLabelMapping } from "./labels.js";
import type { ReadCsvOptions } from "./read-csv.js";

/** As options and configuration files have it. */
export interface CsvLayout {
  readonly textColumn?: string | undefined;
  readonly labelColumn?: string | undefined;
  /** As parseLabelMapping reads it; undefined: 0 and 1. */
  readonly labels?: string | undefined;
  /** One character, or "tab"; undefined: a comma. */
  readonly delimiter?: string | undefined;
}

/** @throws {TrainDataError} BAD_LABEL_MAPPING, BAD_DELIMITER */
export function readCsvLayout({ textColumn, labelColumn, labels, delimiter }: CsvLayout): ReadCsvOptions {
  return {
    ...(textColumn !== undefined && { textColumn }),
    ...(labelColumn !== undefined && { labelColumn }),
    ...(labels !== undefined && { labels: parseLabelMapping(labels) }),
    ...(delimiter !== undefined && { delimiter: parseDelimiter(delimiter) }),
  };
}

function parseDelimiter(text: string): string {
  if (text === "tab") return "\t";
  if ([...text].length === 1 && !/["\r\n\p{L}\p{N}]/u.test(text)) return text;
  throw new TrainDataError(
    "BAD_DELIMITER",
    `Expected one character that is no letter, digit, quote or line end between columns, or "tab" for a tabulator, got ${JSON.stringify(text.slice(0, 20))}.`,
  );
}

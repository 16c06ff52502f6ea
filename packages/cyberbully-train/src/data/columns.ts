/** Finds the text, the label and, where one is asked for, the group column in the header row of a CSV file. */
import { nearestName } from "../nearest-name.js";
import { type LayoutWords, optionWords } from "./csv-layout.js";
import type { CsvRecord } from "./csv-records.js";
import { TrainDataError } from "./errors.js";

export interface CsvColumns {
  readonly text: number;
  readonly label: number;
  /** Undefined where none was asked for. */
  readonly group: number | undefined;
  /** Columns that every row must have. */
  readonly count: number;
}

export interface ColumnNames {
  readonly textColumn?: string | undefined;
  readonly labelColumn?: string | undefined;
  readonly groupColumn?: string | undefined;
  readonly layoutWords?: LayoutWords | undefined;
}

/**
 * @param header - the file's first record
 * @throws {TrainDataError} COLUMN_MISSING with the names found and the nearest
 */
export function findColumns(header: CsvRecord, path: string, names: ColumnNames): CsvColumns {
  const { textColumn = "Text", labelColumn = "Label", groupColumn, layoutWords: words = optionWords } = names;
  const found = namesOf(header);
  const advice = `Name the columns with ${words.textColumn} and ${words.labelColumn}${delimiterAdvice(found, words)}.`;
  return {
    text: indexOf(textColumn, found, path, advice),
    label: indexOf(labelColumn, found, path, advice),
    group:
      groupColumn === undefined
        ? undefined
        : indexOf(groupColumn, found, path, `Name another with ${words.groupColumn}, or none.`),
    count: found.length,
  };
}

/**
 * The text column alone, of files without labels.
 * @throws {TrainDataError} COLUMN_MISSING
 */
export function findTextColumn(header: CsvRecord, path: string, name = "Text"): number {
  const found = namesOf(header);
  const advice = `Name the column with ${optionWords.textColumn}${delimiterAdvice(found, optionWords)}.`;
  return indexOf(name, found, path, advice);
}

/** A file with one column was perhaps read with the wrong delimiter. */
function delimiterAdvice(found: readonly string[], { delimiter }: LayoutWords): string {
  return found.length === 1 ? `, and what stands between them with ${delimiter}, where that is no comma` : "";
}

function namesOf(header: CsvRecord): string[] {
  return header.fields.map((field) => Buffer.from(field).toString("utf8").trim());
}

function indexOf(name: string, found: readonly string[], path: string, advice: string): number {
  const exact = found.indexOf(name);
  if (exact !== -1) return exact;
  const folded = found.flatMap((other, index) => (other.toLowerCase() === name.toLowerCase() ? [index] : []));
  if (folded.length === 1) return folded[0]!;
  const nearest = nearestName(name, found.filter(isNameLike));
  const hint = nearest === undefined ? "" : `Did you mean ${JSON.stringify(nearest)}? `;
  const isBlank = found.every((other) => other === "");
  throw new TrainDataError(
    "COLUMN_MISSING",
    `Expected a column ${JSON.stringify(name)} in ${path}, got ${describe(found)}. ` +
      (isBlank ? "Check that it is the right file." : `${hint}${advice}`),
  );
}

/** A file without header has a message where names are expected; it must not be quoted in an error. */
function isNameLike(name: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}_.:/-]{0,39}(?: [\p{L}\p{N}_.:/-]{1,30}){0,2}$/u.test(name);
}

function describe(found: readonly string[]): string {
  if (found.length === 0) return "an empty file";
  if (found.every((name) => name === "")) return "a blank first line";
  if (!found.every((name) => name === "" || isNameLike(name)))
    return `a first line that does not look like column names (${found.length} ${found.length === 1 ? "field" : "fields"})`;
  const shown = found.slice(0, 20).map((name) => JSON.stringify(name));
  return `the columns ${shown.join(", ")}${found.length > 20 ? ` and ${found.length - 20} more` : ""}`;
}

/** Finds the text, the label and, where one is asked for, the group column in the header row of a CSV file. */
import { nearestName } from "../nearest-name.js";
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
}

/**
 * @param header - the file's first record
 * @throws {TrainDataError} COLUMN_MISSING with the names found and the nearest
 */
export function findColumns(header: CsvRecord, path: string, names: ColumnNames): CsvColumns {
  const found = namesOf(header);
  const wanted = { text: names.textColumn ?? "Text", label: names.labelColumn ?? "Label" };
  return {
    text: indexOf(wanted.text, found, path),
    label: indexOf(wanted.label, found, path),
    group: names.groupColumn === undefined ? undefined : indexOf(names.groupColumn, found, path),
    count: found.length,
  };
}

/**
 * The text column alone, of files without labels.
 * @throws {TrainDataError} COLUMN_MISSING
 */
export function findTextColumn(header: CsvRecord, path: string, name = "Text"): number {
  return indexOf(name, namesOf(header), path, "column with --text-column");
}

function namesOf(header: CsvRecord): string[] {
  return header.fields.map((field) => Buffer.from(field).toString("utf8").trim());
}

function indexOf(
  name: string,
  found: readonly string[],
  path: string,
  advice = "columns with --text-column and --label-column",
): number {
  const exact = found.indexOf(name);
  if (exact !== -1) return exact;
  const folded = found.flatMap((other, index) => (other.toLowerCase() === name.toLowerCase() ? [index] : []));
  if (folded.length === 1) return folded[0]!;
  const nearest = nearestName(name, found.filter(isNameLike));
  throw new TrainDataError(
    "COLUMN_MISSING",
    `Expected a column ${JSON.stringify(name)} in ${path}, got ${describe(found)}. ` +
      `${nearest === undefined ? "" : `Did you mean ${JSON.stringify(nearest)}? `}Name the ${advice}${found.length === 1 ? ", and what stands between them with --delimiter, where that is no comma" : ""}.`,
  );
}

/** A file without header has a message where names are expected; it must not be quoted in an error. */
function isNameLike(name: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}_.:/-]{0,39}(?: [\p{L}\p{N}_.:/-]{1,30}){0,2}$/u.test(name);
}

function describe(found: readonly string[]): string {
  if (
    found.length === 0 ||
    !found.every((name) => name === "" || isNameLike(name)) ||
    found.every((n) => n === "")
  )
    return `a first line that does not look like column names (${found.length} fields)`;
  const shown = found.slice(0, 20).map((name) => JSON.stringify(name));
  return `the columns ${shown.join(", ")}${found.length > 20 ? ` and ${found.length - 20} more` : ""}`;
}

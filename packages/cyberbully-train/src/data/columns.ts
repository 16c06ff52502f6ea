/** Finds the text, the label and, where one is asked for, the group column in the header row of a CSV file. */
import { counted } from "../counted.js";
import { nearestName } from "../nearest-name.js";
import type { CsvRecord } from "./csv-records.js";
import { TrainDataError } from "./errors.js";
import { type LayoutWords, optionWords } from "./layout-words.js";

export interface CsvColumns {
  readonly text: number;
  readonly label: number;
  /** Undefined where none was asked for. */
  readonly group: number | undefined;
  /** Of all columns; every row must have as many. */
  readonly names: readonly string[];
}

export interface ColumnNames {
  readonly textColumn?: string | undefined;
  readonly labelColumn?: string | undefined;
  readonly groupColumn?: string | undefined;
  readonly layoutWords?: LayoutWords | undefined;
}

/** Where a column is named: the option or key that does it, and what it is called where nobody named it. */
interface Wanted {
  readonly name: string;
  readonly word: string;
  /** Ends an error: what to do. */
  readonly advice: string;
  /** Names that it goes by elsewhere, the likeliest first. */
  readonly usual: readonly string[];
}

/**
 * @param header - the file's first record
 * @throws {TrainDataError} COLUMN_MISSING with the names found and the likeliest; COLUMN_AMBIGUOUS with the positions
 */
export function findColumns(header: CsvRecord, path: string, names: ColumnNames): CsvColumns {
  const { textColumn = "Text", labelColumn = "Label", groupColumn, layoutWords: words = optionWords } = names;
  const found = namesOf(header);
  const advice = `Name the columns with ${words.textColumn} and ${words.labelColumn}${delimiterAdvice(found, words)}`;
  const text = { name: textColumn, word: words.textColumn, advice, usual: usualTextNames };
  const label = { name: labelColumn, word: words.labelColumn, advice, usual: [] };
  const groupAdvice = `Name another with ${words.groupColumn}, or none`;
  return {
    text: indexOf(text, found, path),
    label: indexOf(label, found, path),
    group:
      groupColumn === undefined
        ? undefined
        : indexOf(
            { name: groupColumn, word: words.groupColumn, advice: groupAdvice, usual: [] },
            found,
            path,
          ),
    names: found,
  };
}

/**
 * The text column alone, of files without labels.
 * @throws {TrainDataError} COLUMN_MISSING, COLUMN_AMBIGUOUS
 */
export function findTextColumn(header: CsvRecord, path: string, name = "Text"): number {
  const found = namesOf(header);
  const advice = `Name the column with ${optionWords.textColumn}${delimiterAdvice(found, optionWords)}`;
  return indexOf({ name, word: optionWords.textColumn, advice, usual: usualTextNames }, found, path);
}

/** Compared without case, white space and punctuation. */
const usualTextNames = [
  "text",
  "message",
  "messagetext",
  "comment",
  "commenttext",
  "tweet",
  "tweettext",
  "content",
  "body",
  "post",
  "posttext",
  "fulltext",
  "sentence",
  "msg",
  "chat",
  "utterance",
  "testcase",
];

/** A file with one column was perhaps read with the wrong delimiter. */
function delimiterAdvice(found: readonly string[], { delimiter }: LayoutWords): string {
  return found.length === 1 ? `, and what stands between them with ${delimiter}, where that is no comma` : "";
}

function namesOf(header: CsvRecord): string[] {
  return header.fields.map((field) => Buffer.from(field).toString("utf8").trim());
}

function indexOf(wanted: Wanted, found: readonly string[], path: string): number {
  const { name } = wanted;
  const exact = positionsOf(found, (other) => other === name);
  const same =
    exact.length > 0 ? exact : positionsOf(found, (other) => other.toLowerCase() === name.toLowerCase());
  if (same.length === 1) return same[0]!;
  throw same.length > 1 ? ambiguous(wanted, same, exact.length > 0, path) : missing(wanted, found, path);
}

function positionsOf(found: readonly string[], is: (name: string) => boolean): number[] {
  return found.flatMap((name, index) => (is(name) ? [index] : []));
}

function ambiguous(
  { name, word }: Wanted,
  at: readonly number[],
  alike: boolean,
  path: string,
): TrainDataError {
  const places = at.map((index) => index + 1);
  const last = places.pop();
  const todo = alike
    ? `Rename all but one, or name another with ${word}.`
    : `Give the exact name with ${word}.`;
  return new TrainDataError(
    "COLUMN_AMBIGUOUS",
    `Expected one column ${JSON.stringify(name)} in ${path}, got ${at.length} of that name${alike ? "" : " in upper and lower case"}, at positions ${places.join(", ")} and ${last}. ${todo}`,
  );
}

function missing(
  { name, word, advice, usual }: Wanted,
  found: readonly string[],
  path: string,
): TrainDataError {
  const likely = likeliest(name, found.filter(isNameLike), usual);
  const hint = likely === undefined ? "" : `Did you mean ${JSON.stringify(likely)}? `;
  const example = likely === undefined ? "" : `, for example ${assignment(word, likely)}`;
  const isBlank = found.every((other) => other === "");
  return new TrainDataError(
    "COLUMN_MISSING",
    `Expected a column ${JSON.stringify(name)} in ${path}, got ${describe(found)}. ` +
      (isBlank ? "Check that it is the right file." : `${hint}${advice}${example}.`),
  );
}

/** A name that was misspelt; where the usual one was looked for, another that such a column often has. */
function likeliest(name: string, found: readonly string[], usual: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const known = usual.flatMap((one) => found.find((other) => plain(other) === one) ?? [])[0];
  const nearest = nearestName(name, found);
  return plain(name) === usual[0] ? (known ?? nearest) : (nearest ?? known);
}

/** As it is typed: `--text-column tweet`, or `"textColumn": "tweet"` in a recipe. */
function assignment(word: string, name: string): string {
  if (!word.startsWith("--")) return `${word}: ${JSON.stringify(name)}`;
  return `${word} ${/^[\w.:/-]+$/.test(name) ? name : JSON.stringify(name)}`;
}

/** A file without header has a message where names are expected; it must not be quoted in an error. */
function isNameLike(name: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}_.:/-]{0,39}(?: [\p{L}\p{N}_.:/-]{1,30}){0,2}$/u.test(name);
}

function describe(found: readonly string[]): string {
  if (found.length === 0) return "an empty file";
  if (found.every((name) => name === "")) return "a blank first line";
  if (!found.every((name) => name === "" || isNameLike(name)))
    return `a first line that does not look like column names (${counted(found.length, "field")})`;
  const shown = found.slice(0, 20).map((name) => JSON.stringify(name));
  return `the columns ${shown.join(", ")}${found.length > 20 ? ` and ${found.length - 20} more` : ""}`;
}

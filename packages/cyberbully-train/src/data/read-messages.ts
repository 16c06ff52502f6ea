/**
 * The messages of a CSV file of any size, labelled or not, with the rest of their rows: for whoever judges them. The rules are
 * read-csv.ts's (quoting, encoding, columns, what is a bad row), but nothing is kept: groups come as the bytes do.
 */
import { counted } from "../counted.js";
import { findTextColumn } from "./columns.js";
import { type CsvFormat, type CsvRecord, readRecordGroups } from "./csv-records.js";
import { decodeField } from "./decode-field.js";
import { ProblemList, type RowProblem } from "./row-problems.js";
import { textChunks } from "./text-chunks.js";

export interface ReadMessagesOptions extends CsvFormat {
  /** For error messages. */
  readonly path: string;
  /** Default "Text". */
  readonly textColumn?: string;
  /** Longest text in UTF-16 units; longer rows are reported and left out. */
  readonly maxTextLength: number;
}

export interface MessageRow {
  readonly text: string;
  readonly cells: readonly string[];
  /** On which the row begins, from 1. */
  readonly line: number;
}

export interface MessageRows {
  readonly header: readonly string[];
  readonly rows: readonly MessageRow[];
  readonly problems: readonly RowProblem[];
}

/**
 * @param chunks - UTF-8 with or without byte order mark, any line ends, RFC 4180 quoting
 * @returns groups in file order, the first as soon as the header is there; at least one
 * @throws {TrainDataError} NOT_TEXT, COLUMN_MISSING, COLUMN_AMBIGUOUS, QUOTING_BROKEN
 */
export async function* readMessages(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadMessagesOptions,
): AsyncGenerator<MessageRows> {
  const { path, textColumn, maxTextLength } = options;
  let header: readonly string[] | undefined;
  let text = -1;
  for await (const records of readRecordGroups(textChunks(chunks, path), options)) {
    const rows: MessageRow[] = [];
    const problems = new ProblemList(records.length);
    for (const record of records) {
      if (isBlank(record)) continue;
      if (header === undefined) {
        text = findTextColumn(record, path, textColumn);
        header = record.fields.map((field) => decodeField(field) ?? "");
      } else {
        const row = readRow(record, header.length, text, maxTextLength, problems);
        if (row) rows.push(row);
      }
    }
    if (header) yield { header, rows, problems: problems.list() };
  }
  if (header === undefined) findTextColumn({ fields: [], line: 1 }, path, textColumn);
}

function isBlank({ fault, fields }: CsvRecord): boolean {
  return fault === undefined && fields.length === 1 && fields[0]!.length === 0;
}

function readRow(
  { fields, line, fault }: CsvRecord,
  columns: number,
  textAt: number,
  maxTextLength: number,
  problems: ProblemList,
): MessageRow | undefined {
  if (fault !== undefined) {
    problems.add(line, fault);
    return undefined;
  }
  if (fields.length !== columns) {
    problems.add(line, "COLUMN_COUNT", `expected ${counted(columns, "column")}, got ${fields.length}`);
    return undefined;
  }
  const cells: string[] = [];
  for (const field of fields) {
    const cell = decodeField(field);
    if (cell !== undefined) cells.push(cell);
  }
  const text = cells[textAt];
  if (text === undefined || cells.length < columns) {
    problems.add(line, "INVALID_UTF8");
    return undefined;
  }
  if (text.length > maxTextLength) {
    problems.add(line, "TEXT_TOO_LONG", `the text is longer than ${maxTextLength} characters`);
    return undefined;
  }
  return { text, cells, line };
}

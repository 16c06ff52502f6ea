/**
 * The reader of data sets: a CSV file in, labelled examples and a report of every bad row out. Streaming: memory is
 * bounded by the examples kept, one record and a capped list of problems. It changes no text; comparing, removing and
 * splitting rows is for the other files of this folder.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { counted } from "../counted.js";
import { type CsvColumns, findColumns } from "./columns.js";
import { type CsvFormat, type CsvRecord, readRecords } from "./csv-records.js";
import { decodeField } from "./decode-field.js";
import { TrainDataError } from "./errors.js";
import type { Example } from "./example.js";
import { LabelCensus } from "./label-census.js";
import { type LabelMapping, readLabel } from "./labels.js";
import { type LayoutWords, optionWords } from "./layout-words.js";
import { type ProblemCode, ProblemList, type RowProblem } from "./row-problems.js";
import { textChunks } from "./text-chunks.js";

export interface ReadCsvOptions extends CsvFormat {
  /** Default "Text". */
  readonly textColumn?: string;
  /** Default "Label". */
  readonly labelColumn?: string;
  /** Column whose value goes into `Example.group`, for figures by kind of message; default: none. */
  readonly groupColumn?: string;
  /** Whether all other columns are read into `Example.others`; default: no, which takes less memory. */
  readonly keepsOthers?: boolean;
  /** What the file's labels mean; by default 0, 1, 0.0 and 1.0. Rows of other labels are reported. */
  readonly labels?: LabelMapping;
  /** What errors call these values; default: the command line's options. */
  readonly layoutWords?: LayoutWords;
  /** Longest text in UTF-8 bytes; longer rows are reported and left out. Default 65,536. */
  readonly maxTextBytes?: number;
  /** Problems kept with their lines; the rest are only counted. Default 1,000. */
  readonly maxProblems?: number;
  /** Stop after this many examples. */
  readonly limit?: number;
}

export interface DataCounts {
  /** Rows below the header, blank lines not among them. */
  readonly rows: number;
  readonly examples: number;
  readonly positive: number;
  readonly negative: number;
  /** Examples whose text is empty or white space: kept. */
  readonly emptyText: number;
  readonly blankLines: number;
  /** Rows left out because the label mapping says so. */
  readonly dropped: number;
  readonly badRows: number;
  readonly problems: Readonly<Partial<Record<ProblemCode, number>>>;
}

export interface DataFile {
  readonly examples: readonly Example[];
  /** Names of the columns in the file's order. */
  readonly columns: {
    readonly text: string;
    readonly label: string;
    /** Of `Example.others`; empty where these were not asked for. */
    readonly others: readonly string[];
  };
  /** In file order, at most `maxProblems`; `counts` holds how many there were. */
  readonly problems: readonly RowProblem[];
  readonly counts: DataCounts;
  /** Of the file's bytes, hex. With a `limit`, of the bytes read. */
  readonly sha256: string;
}

/**
 * @param path - a CSV file: UTF-8 with or without byte order mark, any line ends, RFC 4180 quoting
 * @throws {TrainDataError} FILE_UNREADABLE, NOT_TEXT, COLUMN_MISSING, COLUMN_AMBIGUOUS, LABELS_NOT_BINARY, NO_ROWS, QUOTING_BROKEN
 */
export async function readCsv(path: string, options: ReadCsvOptions = {}): Promise<DataFile> {
  const hash = createHash("sha256");
  const stream = createReadStream(path, { highWaterMark: 1 << 18 });
  const collector = new ExampleCollector(path, options);
  try {
    await readRecords(textChunks(stream, path, { hash }), options, (record) => collector.add(record));
  } catch (error) {
    if (error !== LIMIT_REACHED) throw unreadable(error, path);
  } finally {
    stream.destroy();
  }
  return collector.result(hash.digest("hex"));
}

const LIMIT_REACHED = new Error("limit reached");

class ExampleCollector {
  private columns: CsvColumns | undefined;
  private readonly examples: Example[] = [];
  private readonly problems: ProblemList;
  private readonly census = new LabelCensus();
  private rows = 0;
  private positive = 0;
  private emptyText = 0;
  private blankLines = 0;
  private dropped = 0;
  private readonly maxTextBytes: number;
  private readonly path: string;
  private readonly options: ReadCsvOptions;

  constructor(path: string, options: ReadCsvOptions) {
    this.path = path;
    this.options = options;
    this.maxTextBytes = options.maxTextBytes ?? 65_536;
    this.problems = new ProblemList(options.maxProblems ?? 1_000);
  }

  add(record: CsvRecord): void {
    const { fields, line } = record;
    if (record.fault === undefined && fields.length === 1 && fields[0]!.length === 0) {
      this.blankLines++;
      return;
    }
    if (this.columns === undefined) {
      this.columns = findColumns(record, this.path, this.options);
      return;
    }
    this.rows++;
    if (record.fault !== undefined) this.problems.add(line, record.fault);
    else this.addRow(fields, line, this.columns);
  }

  private addRow(fields: readonly Uint8Array[], line: number, columns: CsvColumns): void {
    const expected = columns.names.length;
    if (fields.length !== expected) {
      const reason = `expected ${counted(expected, "column")}, got ${fields.length}`;
      this.problems.add(line, "COLUMN_COUNT", reason);
      return;
    }
    const text = decodeField(fields[columns.text]!);
    const labelText = decodeField(fields[columns.label]!);
    const group = columns.group === undefined ? "" : decodeField(fields[columns.group]!)?.trim();
    const others = this.options.keepsOthers === true ? decodeOthers(fields, columns) : [];
    if (text === undefined || labelText === undefined || group === undefined || others === undefined) {
      this.problems.add(line, "INVALID_UTF8");
      return;
    }
    if (fields[columns.text]!.length > this.maxTextBytes) {
      this.problems.add(line, "TEXT_TOO_LONG", `the text is longer than ${this.maxTextBytes} bytes`);
      return;
    }
    const label = readLabel(labelText, this.options.labels);
    if (label === "drop") {
      this.dropped++;
    } else if (label === undefined) {
      const empty = labelText.trim() === "";
      if (!empty) this.census.add(labelText.trim());
      this.problems.add(line, empty ? "EMPTY_LABEL" : "BAD_LABEL");
    } else {
      this.keep({
        text,
        label,
        line,
        ...(columns.group !== undefined && { group }),
        ...(this.options.keepsOthers === true && { others }),
      });
    }
  }

  private keep(example: Example): void {
    this.examples.push(example);
    this.positive += example.label;
    if (example.text.trim() === "") this.emptyText++;
    if (this.examples.length === this.options.limit) throw LIMIT_REACHED;
  }

  result(sha256: string): DataFile {
    this.refuseUnusable();
    const { examples, positive } = this;
    const counts: DataCounts = {
      rows: this.rows,
      examples: examples.length,
      positive,
      negative: examples.length - positive,
      emptyText: this.emptyText,
      blankLines: this.blankLines,
      dropped: this.dropped,
      badRows: this.problems.total,
      problems: this.problems.counts(),
    };
    return { examples, columns: this.columnNames(), problems: this.problems.list(), counts, sha256 };
  }

  private columnNames(): DataFile["columns"] {
    const { text, label, names } = this.columns ?? { text: 0, label: 0, names: [""] };
    const others = this.options.keepsOthers === true ? withoutTextAndLabel(names, { text, label }) : [];
    return { text: names[text]!, label: names[label]!, others };
  }

  private refuseUnusable(): void {
    const bad = this.problems.counts().BAD_LABEL ?? 0;
    const kept = this.examples.length;
    const mapped = this.options.labels !== undefined;
    const words = this.options.layoutWords ?? optionWords;
    // A few slips are reported row by row; a tenth of the file is another labelling, and dropping it would be a silent choice.
    if (bad > 0 && (kept === 0 || (bad >= 10 && bad >= this.rows / 10)))
      throw new TrainDataError(
        "LABELS_NOT_BINARY",
        `Expected ${mapped ? "the labels of the mapping" : "labels 0 and 1"} in ${this.path}, got others in ${bad} of ${counted(this.rows, "row")}${this.census.describe()}. ` +
          `Say what each label means, as in ${words.labels}, or name the right column with ${words.labelColumn}.`,
      );
    if (kept === 0)
      throw new TrainDataError(
        "NO_ROWS",
        `Expected labelled messages in ${this.path}, got ${this.nothing()}`,
      );
  }

  /** What there is in place of examples, and what to do. */
  private nothing(): string {
    if (this.rows === 0)
      return `${this.columns === undefined ? "an empty file" : "a header without rows"}. Check that it is the right file.`;
    return (
      `none: ${counted(this.rows, "row")}, ${this.problems.total} of them bad${this.problems.describeCounts()}, ` +
      `${this.dropped} left out by the label mapping. Mend the rows or the mapping.`
    );
  }
}

function withoutTextAndLabel<Cell>(
  cells: readonly Cell[],
  { text, label }: Pick<CsvColumns, "text" | "label">,
): Cell[] {
  return cells.filter((_, index) => index !== text && index !== label);
}

/** Undefined where one of them is no UTF-8. */
function decodeOthers(fields: readonly Uint8Array[], columns: CsvColumns): readonly string[] | undefined {
  const others: string[] = [];
  for (const field of withoutTextAndLabel(fields, columns)) {
    const cell = decodeField(field);
    if (cell === undefined) return undefined;
    others.push(cell);
  }
  return others;
}

function unreadable(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || error instanceof TrainDataError || !("syscall" in error)) return error;
  const code = "code" in error ? String(error.code) : "an unknown error";
  const found: Readonly<Record<string, string>> = {
    ENOENT: "found none. Check the path",
    ENOTDIR: "found none. Check the path",
    EISDIR: "found a folder. Name a file in it",
    EACCES: "found one that may not be read. Check its permissions",
  };
  return new TrainDataError(
    "FILE_UNREADABLE",
    `Expected a CSV file at ${path}, ${found[code] ?? `could not read it (${code}). Check the path`}.`,
    { cause: error },
  );
}

/**
 * CSV bytes to records, each with the line it begins on. csv-parse does the parsing; this file adds what it lacks:
 * line numbers that are right with CRLF inside quotes, and going on after a quote that never closes, which would
 * otherwise swallow the rest of the file. Knows nothing of columns and labels: see read-csv.ts.
 */
import { type Parser, parse } from "csv-parse";
import { parse as parseSync } from "csv-parse/sync";
import { TrainDataError } from "./errors.js";

export type CsvFault = "UNCLOSED_QUOTE" | "RECORD_TOO_LONG";

export interface CsvRecord {
  /** Undecoded: whether they are UTF-8 is for the reader to say. Empty where `fault` is set. */
  readonly fields: readonly Uint8Array[];
  /** On which the record begins, from 1. */
  readonly line: number;
  /** Why the record could not be read; reading goes on with the line after `line`. */
  readonly fault?: CsvFault;
}

export interface CsvFormat {
  /** One character; default ",". */
  readonly delimiter?: string;
  /** null reads quotes as ordinary characters; default '"'. */
  readonly quote?: '"' | null;
  /** Longest record in bytes, and so the bound on memory; default 1 MiB. */
  readonly maxRecordBytes?: number;
}

/** Each fault reads up to one record's bytes again, so their number bounds the time. */
const MAX_FAULTS = 1_000;
const LF = 10;
const CR = 13;

/**
 * Calls `onRecord` for every record in order. An empty line is a record with one empty field.
 * @param onRecord - called synchronously; what it throws ends the reading and is thrown from here
 * @throws {TrainDataError} QUOTING_BROKEN after 1,000 faults
 */
export async function readRecords(
  chunks: AsyncIterable<Uint8Array>,
  format: CsvFormat,
  onRecord: (record: CsvRecord) => void,
): Promise<void> {
  const reader = new RecordReader(format, onRecord);
  for await (const chunk of chunks)
    await reader.feed(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  await reader.finish();
}

/**
 * The same for files of any size: what each chunk completes, before the next one is asked for.
 * @throws {TrainDataError} QUOTING_BROKEN after 1,000 faults
 */
export async function* readRecordGroups(
  chunks: AsyncIterable<Uint8Array>,
  format: CsvFormat,
): AsyncGenerator<readonly CsvRecord[]> {
  let records: CsvRecord[] = [];
  const reader = new RecordReader(format, (record) => {
    records.push(record);
  });
  for await (const chunk of chunks) {
    await reader.feed(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (records.length > 0) yield records;
    records = [];
  }
  await reader.finish();
  if (records.length > 0) yield records;
}

/** Thrown out of csv-parse's callback where a record turns out to have swallowed others. */
class SwallowedRows extends Error {}

class RecordReader {
  /** Bytes from the start of the record being read, kept so that a broken record can be read anew. */
  private window: Buffer = Buffer.alloc(0);
  private line = 1;
  private faults = 0;
  /** In a line without end that was given up: bytes are dropped up to its end. */
  private skippingLine = false;
  private parser: Parser;
  /** Bytes that this parser had reported as whole records when the window began. */
  private parsed = 0;
  private failure: unknown;
  private readonly format: Required<CsvFormat>;
  private readonly onRecord: (record: CsvRecord) => void;

  constructor(format: CsvFormat, onRecord: (record: CsvRecord) => void) {
    this.format = { delimiter: ",", quote: '"', maxRecordBytes: 1 << 20, ...definedOnly(format) };
    this.onRecord = onRecord;
    this.parser = this.createParser();
  }

  async feed(chunk: Buffer): Promise<void> {
    let bytes = chunk;
    if (this.skippingLine) {
      const end = lineEnd(bytes, 0);
      if (end === -1) return;
      this.skippingLine = false;
      this.line++;
      bytes = bytes.subarray(end);
    }
    this.window = this.window.length === 0 ? bytes : Buffer.concat([this.window, bytes]);
    let fault = await this.write(bytes);
    // csv-parse bounds each field; this bounds a record of very many.
    if (this.window.length > this.format.maxRecordBytes) fault ??= "RECORD_TOO_LONG";
    while (fault !== undefined) fault = await this.restartAfter(fault);
  }

  async finish(): Promise<void> {
    let fault = await this.end();
    while (fault !== undefined) {
      fault = await this.restartAfter(fault);
      while (fault !== undefined) fault = await this.restartAfter(fault);
      fault = await this.end();
    }
  }

  private createParser(): Parser {
    const { delimiter, quote, maxRecordBytes } = this.format;
    const parser = parse({
      bom: false,
      // Buffers, so that bytes that are no UTF-8 are seen and not silently replaced.
      encoding: null,
      delimiter,
      quote,
      escape: quote,
      max_record_size: maxRecordBytes,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      relax_quotes: true,
      // Typed as strings by csv-parse, whatever the encoding.
      on_record: (fields: readonly (string | Uint8Array)[], { bytes }) => {
        this.take(fields.map(bytesOf), bytes);
        return null;
      },
    });
    // Each error also reaches the callback of the write that caused it, where it is handled.
    parser.on("error", () => {});
    parser.resume();
    this.parsed = 0;
    return parser;
  }

  private take(fields: readonly Uint8Array[], end: number): void {
    const raw = this.window.subarray(0, end - this.parsed);
    if (this.format.quote !== null && holdsRows(fields, this.format.delimiter) && !this.isWellQuoted(raw))
      throw new SwallowedRows();
    const line = this.line;
    this.window = this.window.subarray(raw.length);
    this.parsed = end;
    this.line += countLines(raw);
    try {
      this.onRecord({ fields, line });
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }

  /** Only asked of records that look odd, so that its cost does not matter. */
  private isWellQuoted(raw: Buffer): boolean {
    try {
      parseSync(raw, { encoding: null, delimiter: this.format.delimiter, relax_column_count: true });
      return true;
    } catch {
      return false;
    }
  }

  private write(bytes: Buffer): Promise<CsvFault | undefined> {
    return new Promise((resolve, reject) => {
      this.parser.write(bytes, (error) => this.settle(error, resolve, reject));
    });
  }

  private end(): Promise<CsvFault | undefined> {
    return new Promise((resolve, reject) => {
      this.parser.once("error", (error) => this.settle(error, resolve, reject));
      this.parser.once("end", () => resolve(undefined));
      this.parser.end();
    });
  }

  private settle(
    error: Error | null | undefined,
    resolve: (fault: CsvFault | undefined) => void,
    reject: (reason: unknown) => void,
  ): void {
    if (!error) resolve(undefined);
    else if (this.failure !== undefined) reject(this.failure);
    else if (error instanceof SwallowedRows) resolve("UNCLOSED_QUOTE");
    else if ("code" in error && error.code === "CSV_QUOTE_NOT_CLOSED") resolve("UNCLOSED_QUOTE");
    else if ("code" in error && error.code === "CSV_MAX_RECORD_SIZE") resolve("RECORD_TOO_LONG");
    else reject(error);
  }

  /** Reports the record at the window's start and reads on from the line after its first. */
  private async restartAfter(fault: CsvFault): Promise<CsvFault | undefined> {
    if (++this.faults > MAX_FAULTS)
      throw new TrainDataError(
        "QUOTING_BROKEN",
        `Expected fields quoted as in RFC 4180, got more than ${MAX_FAULTS} rows whose quotes never close, the last on line ${this.line}. ` +
          "Check the file's delimiter and quoting, or read it with quotes switched off.",
      );
    this.onRecord({ fields: [], line: this.line, fault });
    this.parser.destroy();
    this.parser = this.createParser();
    const end = lineEnd(this.window, 0);
    if (end === -1) {
      this.skippingLine = true;
      this.window = Buffer.alloc(0);
      return undefined;
    }
    this.window = this.window.subarray(end);
    this.line++;
    return this.write(this.window);
  }
}

function bytesOf(field: string | Uint8Array): Uint8Array {
  return typeof field === "string" ? Buffer.from(field) : field;
}

function definedOnly(format: CsvFormat): CsvFormat {
  return Object.fromEntries(Object.entries(format).filter(([, value]) => value !== undefined));
}

/** True where a field begins with a quote that was not read as one, and holds what looks like the end of a row. */
function holdsRows(fields: readonly Uint8Array[], delimiter: string): boolean {
  return fields.some((field) => {
    if (field[0] !== 34 || !field.includes(LF)) return false;
    const text = Buffer.from(field.buffer, field.byteOffset, field.byteLength).toString("latin1");
    return text
      .split(/\r?\n/)
      .slice(0, -1)
      .some((row) => row.includes(delimiter));
  });
}

/** Offset behind the line break that follows `from`, or -1. */
function lineEnd(bytes: Buffer, from: number): number {
  for (let i = from; i < bytes.length; i++) {
    if (bytes[i] === LF) return i + 1;
    if (bytes[i] === CR && i + 1 < bytes.length) return bytes[i + 1] === LF ? i + 2 : i + 1;
  }
  return -1;
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let i = 0; i < bytes.length; i++)
    if (bytes[i] === LF || (bytes[i] === CR && bytes[i + 1] !== LF)) lines++;
  return lines;
}

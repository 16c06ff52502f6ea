/**
 * Messages from a file or a pipe, whatever its format, in groups: CSV with a text column, JSON lines, plain lines.
 * Streaming: memory does not depend on the file's size. What cannot be read is a Problem with its line, not an end.
 */
import { parse } from "csv-parse";
import { UsageError } from "../exit-codes.js";
import { readLines } from "./lines.js";
import type { MessageFormat } from "./message-format.js";

export interface Message {
  readonly text: string;
  /** On which it begins, from 1. */
  readonly line: number;
  /** CSV: the row's cells. */
  readonly cells?: readonly string[];
  /** CSV: the row's cells by column. JSON lines: the object, where the line was one. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface Problem {
  readonly line: number;
  readonly reason: string;
}

export interface MessageGroup {
  readonly messages: readonly Message[];
  readonly problems: readonly Problem[];
}

export interface MessageSource {
  readonly format: MessageFormat;
  /** CSV: the header row, known once the first group has come. */
  readonly header: readonly string[] | undefined;
  groups(): AsyncGenerator<MessageGroup>;
}

export interface SourceOptions {
  readonly format: MessageFormat;
  /** CSV: the column, JSON: the key that holds the message; default the first of `usualNames` that is there. */
  readonly textColumn: string | undefined;
  /** Longest message accepted, in UTF-16 units. */
  readonly maxLength: number;
}

const usualNames = ["text", "message", "comment", "comment_text", "tweet", "content", "body"];
const rowsPerGroup = 1000;

type Chunks = AsyncIterable<Uint8Array | string>;

/** @throws {UsageError} on reading, when the text column is not there */
export function messageSource(chunks: Chunks, options: SourceOptions): MessageSource {
  if (options.format === "csv") return new CsvSource(chunks, options);
  const convert = options.format === "txt" ? plainLine : jsonLine(options.textColumn);
  return {
    format: options.format,
    header: undefined,
    groups: () => lineGroups(chunks, options.maxLength, convert),
  };
}

type Convert = (text: string, line: number) => Message | string;

/** @param convert - a line to a message, or to the reason why it is none */
async function* lineGroups(
  chunks: Chunks,
  maxLength: number,
  convert: Convert,
): AsyncGenerator<MessageGroup> {
  for await (const lines of readLines(chunks, { maxLength })) {
    for (let start = 0; start < lines.length; start += rowsPerGroup) {
      const messages: Message[] = [];
      const problems: Problem[] = [];
      for (const { number, text } of lines.slice(start, start + rowsPerGroup)) {
        const result = text === undefined ? `longer than ${maxLength} characters` : convert(text, number);
        if (typeof result === "string") problems.push({ line: number, reason: result });
        else messages.push(result);
      }
      yield { messages, problems };
    }
  }
}

const plainLine: Convert = (text, line) => ({ text, line });

function jsonLine(key: string | undefined): Convert {
  return (source, line) => {
    let value: unknown;
    try {
      value = JSON.parse(source);
    } catch {
      return "not JSON";
    }
    if (typeof value === "string") return { text: value, line };
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return "neither an object nor a string";
    const fields: Record<string, unknown> = { ...value };
    const name = key ?? usualNames.find((usual) => typeof fields[usual] === "string");
    const text = name === undefined ? undefined : fields[name];
    if (typeof text !== "string") return `no text under ${key ? JSON.stringify(key) : usualNames.join(", ")}`;
    return { text, line, fields };
  };
}

class CsvSource implements MessageSource {
  readonly format = "csv";
  header: readonly string[] | undefined;
  readonly #chunks: Chunks;
  readonly #options: SourceOptions;

  constructor(chunks: Chunks, options: SourceOptions) {
    this.#chunks = chunks;
    this.#options = options;
  }

  async *groups(): AsyncGenerator<MessageGroup> {
    let column = -1;
    let messages: Message[] = [];
    let problems: Problem[] = [];
    for await (const { cells, line } of this.#records()) {
      if (!this.header) {
        this.header = cells;
        column = findColumn(cells, this.#options.textColumn);
        continue;
      }
      const text = cells[column];
      if (cells.length > this.header.length) {
        problems.push({ line, reason: `${cells.length} cells under ${this.header.length} columns` });
      } else if (text === undefined)
        problems.push({ line, reason: `no cell ${column + 1} in a row of ${cells.length}` });
      else if (text.length > this.#options.maxLength) {
        problems.push({ line, reason: `longer than ${this.#options.maxLength} characters` });
      } else messages.push({ text, line, ...rowOf(this.header, cells) });
      if (messages.length + problems.length >= rowsPerGroup) {
        yield { messages, problems };
        messages = [];
        problems = [];
      }
    }
    if (messages.length + problems.length > 0) yield { messages, problems };
  }

  async *#records(): AsyncGenerator<{ cells: string[]; line: number }> {
    const parser = parse({
      bom: true,
      info: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      max_record_size: 4 * this.#options.maxLength,
    });
    const feeding = feed(this.#chunks, parser);
    let line = 1;
    for await (const record of parser) {
      if (!isRecordWithInfo(record)) continue;
      // csv-parse tells the line on which a record ends; the next one begins after it.
      yield { cells: record.record, line };
      line = record.info.lines + 1;
    }
    await feeding;
  }
}

/** A short row keeps its cells in their columns when more are added behind it. */
function rowOf(
  header: readonly string[],
  cells: readonly string[],
): Required<Pick<Message, "cells" | "fields">> {
  const padded = header.map((_, column) => cells[column] ?? "");
  return { cells: padded, fields: Object.fromEntries(header.map((name, column) => [name, padded[column]])) };
}

async function feed(chunks: Chunks, parser: ReturnType<typeof parse>): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (!parser.write(chunk)) await new Promise((resolve) => parser.once("drain", resolve));
      if (parser.destroyed) return;
    }
    parser.end();
  } catch (error) {
    parser.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

interface RecordWithInfo {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

/** With `info: true` csv-parse gives these; its types say `any`. */
function isRecordWithInfo(value: unknown): value is RecordWithInfo {
  return typeof value === "object" && value !== null && "record" in value && "info" in value;
}

function findColumn(header: readonly string[], wanted: string | undefined): number {
  const names = header.map((name) => name.trim().toLowerCase());
  const candidates = wanted === undefined ? usualNames : [wanted.trim().toLowerCase()];
  for (const candidate of candidates) {
    const column = names.indexOf(candidate);
    if (column !== -1) return column;
  }
  const shown = header.slice(0, 20).map((name) => JSON.stringify(name.slice(0, 40)));
  throw new UsageError(
    `Expected a column called ${candidates.join(", ")}, got ${shown.join(", ")}. Name it with --text-column.`,
  );
}

/**
 * Messages from a file or a pipe, whatever its format, in groups: CSV as training reads it, JSON lines, plain lines.
 * Streaming: memory does not depend on the file's size. What cannot be read is a Problem with its line, not an end.
 */
import { type ReadCsvOptions, readMessages, textChunks } from "@btp/cyberbully-train/datasets";
import { bytesOf, readLines } from "./lines.js";
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
  /** For error messages. */
  readonly path?: string;
  /** CSV: the column (default "Text"), JSON: the key (default the first of `usualNames` that is there) of the message. */
  readonly textColumn: string | undefined;
  readonly csvFormat?: Pick<ReadCsvOptions, "delimiter" | "quote">;
  /** Longest message accepted, in UTF-16 units. */
  readonly maxLength: number;
}

const usualNames = ["text", "message", "comment", "comment_text", "tweet", "content", "body"];
const rowsPerGroup = 1000;
const unnamedInput = "the input";

type Chunks = AsyncIterable<Uint8Array | string>;

/** @throws {TrainDataError} on reading: NOT_TEXT; of a CSV COLUMN_MISSING, QUOTING_BROKEN too */
export function messageSource(chunks: Chunks, options: SourceOptions): MessageSource {
  if (options.format === "csv") return new CsvSource(chunks, options);
  const convert = options.format === "txt" ? plainLine : jsonLine(options.textColumn);
  return {
    format: options.format,
    header: undefined,
    groups: () => {
      const bytes = textChunks(bytesOf(chunks), options.path ?? unnamedInput, { refusesNul: false });
      return lineGroups(bytes, options.maxLength, convert);
    },
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

/** Longest row of a table in bytes: the bound on memory, and on what a quote that never closes is read again for. */
const maxRecordBytes = 1 << 22;

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
    const { maxLength, path = unnamedInput, textColumn, csvFormat } = this.#options;
    const options = {
      ...csvFormat,
      path,
      ...(textColumn !== undefined && { textColumn }),
      maxTextLength: maxLength,
      maxRecordBytes,
    };
    for await (const { header, rows, problems } of readMessages(bytesOf(this.#chunks), options)) {
      this.header = header;
      // A group without rows makes the header known, and tells its problems.
      for (let start = 0; start === 0 || start < rows.length; start += rowsPerGroup) {
        const messages = rows
          .slice(start, start + rowsPerGroup)
          .map(({ text, cells, line }) => ({ text, cells, line, fields: fieldsOf(header, cells) }));
        yield { messages, problems: start === 0 ? problems : [] };
      }
    }
  }
}

function fieldsOf(header: readonly string[], cells: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(header.map((name, column) => [name, cells[column]]));
}

/** How one decision is written: a line for people, an object for machines, cells for a table. Pure. */
import type { Detection, ExplainedDetection, WordEffect } from "@btp/detector";
import type { Colors } from "../color.js";
import { shortened, toPrintable } from "../printable.js";
import type { MessageFormat } from "./message-format.js";
import type { Message } from "./message-source.js";

export type Result = Detection | ExplainedDetection;

const labelWidth = "not cyberbullying".length;
/** In front of the message: label, confidence and the space between. */
const prefixWidth = labelWidth + 8;
/** Less of a message says nothing, however narrow the terminal. */
const leastShown = 20;

/**
 * `cyberbullying      0.93  You are so stupid!`, coloured where wanted; the message on one line, made printable.
 * @param columns - of the terminal, to which a message without explanation is shortened; undefined: it is shown whole
 */
export function formatLine(text: string, result: Result, colors: Colors, columns?: number): string {
  const label = result.label.padEnd(labelWidth);
  const painted = result.isCyberbullying ? colors.red(label) : colors.green(label);
  const shown = "words" in result ? paintWords(text, result.words, colors) : fitted(text, columns);
  return `${painted}  ${result.confidence.toFixed(2)}  ${shown}`;
}

function fitted(text: string, columns: number | undefined): string {
  if (columns === undefined) return toPrintable(text);
  return shortened(toPrintable(text), Math.max(leastShown, columns - prefixWidth));
}

/** One object on one line; keys and their order are a contract (docs: CLI). */
export function formatJson(text: string, result: Result): string {
  return JSON.stringify(resultObject(text, result));
}

function resultObject(text: string, result: Result): Record<string, unknown> {
  const { label, isCyberbullying, confidence, score, threshold, tokens, truncated } = result;
  const object = { text, label, isCyberbullying, confidence, score, threshold, tokens, truncated };
  return "words" in result ? { ...object, words: result.words } : object;
}

/** Each word on a background by its share of the largest effect; with their effects in figures on the next line. */
function paintWords(text: string, words: readonly WordEffect[], colors: Colors): string {
  const largest = Math.max(0.01, ...words.map(({ effect }) => Math.abs(effect)));
  let painted = "";
  let at = 0;
  for (const { start, end, word, effect } of words) {
    painted += toPrintable(text.slice(at, start)) + colors.heat(toPrintable(word), effect / largest);
    at = end;
  }
  painted += toPrintable(text.slice(at));
  const moving = words
    .filter(({ effect }) => Math.abs(effect) >= 0.005)
    .toSorted((a, b) => Math.abs(b.effect) - Math.abs(a.effect))
    .slice(0, 8)
    .map(
      ({ word, effect }) => `${toPrintable(word)} ${effect > 0 ? "+" : "-"}${Math.abs(effect).toFixed(2)}`,
    );
  const indent = " ".repeat(prefixWidth);
  return moving.length === 0 ? painted : `${painted}\n${indent}${colors.dim(moving.join(", "))}`;
}

/** Turns records into lines of a file; `header` is asked for once, before the first record. */
export interface RecordWriter {
  header(columns: readonly string[] | undefined): string;
  record(message: Message, result: Result): string;
}

/** @param columns - as for formatLine */
export function recordWriter(
  format: MessageFormat | "people",
  colors: Colors,
  columns?: number,
): RecordWriter {
  if (format === "csv") return csvWriter();
  const none = () => "";
  if (format === "jsonl")
    return { header: none, record: (message, result) => `${jsonRecord(message, result)}\n` };
  return { header: none, record: ({ text }, result) => `${formatLine(text, result, colors, columns)}\n` };
}

const addedColumns = [
  "label",
  "isCyberbullying",
  "confidence",
  "score",
  "threshold",
  "tokens",
  "truncated",
] as const;

/** A column or key of the input keeps its name and value; ours then gets a prefix. */
function freeName(name: string, taken: readonly string[]): string {
  return taken.some((other) => other.toLowerCase() === name.toLowerCase()) ? `btp_${name}` : name;
}

function csvWriter(): RecordWriter {
  return {
    header(columns) {
      const kept = columns ?? ["text"];
      return csvLine([...kept, ...addedColumns.map((name) => freeName(name, kept))]);
    },
    record: ({ text, cells }, result) =>
      csvLine([...(cells ?? [text]), ...addedColumns.map((name) => cell(result[name]))]),
  };
}

function cell(value: string | number | boolean): string {
  // Six digits are more than the numbers are good for, and keep a spreadsheet readable.
  return typeof value === "number" && !Number.isInteger(value) ? value.toFixed(6) : String(value);
}

/** RFC 4180, with LF. */
function csvLine(cells: readonly string[]): string {
  return `${cells.map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(",")}\n`;
}

/** Keeps what the input said of the message; its names win over ours, but `text` is always there. */
function jsonRecord({ text, fields = {} }: Message, result: Result): string {
  const taken = Object.keys(fields);
  const { text: _, ...added } = resultObject(text, result);
  const renamed = Object.entries(added).map(([name, value]) => [freeName(name, taken), value]);
  return JSON.stringify({ text, ...fields, ...Object.fromEntries(renamed) });
}

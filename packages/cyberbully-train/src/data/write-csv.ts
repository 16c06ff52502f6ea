/** Writes examples as a CSV with the columns Text and Label, and others behind them: UTF-8, RFC 4180 quoting, line feeds. All of it or nothing. */
import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import type { Example } from "./example.js";

type Row = Pick<Example, "text" | "label" | "others">;

/** Quoted where a comma, quote or line break, or white space that editors strip, is in it. */
function formatCell(text: string): string {
  // Half a surrogate pair cannot be written as UTF-8, and a reader takes a file with NUL for binary.
  const plain = text.replace(/[\p{Cs}\0]/gu, "\uFFFD");
  return /[",\r\n]|^\s|\s$|^\uFEFF/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

const formatLine = (cells: readonly string[]): string => `${cells.map(formatCell).join(",")}\n`;

/** @param others - names of the examples' other columns */
export function formatCsv(examples: Iterable<Row>, others: readonly string[] = []): string {
  let content = formatLine(writtenColumns(others));
  for (const { text, label, others: cells = [] } of examples)
    content += formatLine([text, String(label), ...cells]);
  return content;
}

/** Text and Label, which readers look for in any case, belong to us: what else was called so says where it is from. */
export function writtenColumns(others: readonly string[]): string[] {
  const taken = new Set(["text", "label"]);
  const names = others.map((name) => {
    let free = name;
    while (taken.has(free.toLowerCase())) free = `source_${free}`;
    return free;
  });
  return ["Text", "Label", ...names];
}

/** Writes beside the target, flushes to the disk, then renames: readers see the old file or the whole new one. */
export async function writeCsv(
  path: string,
  examples: Iterable<Row>,
  others: readonly string[] = [],
): Promise<void> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  const file = await open(temporary, "wx");
  try {
    await file.writeFile(formatCsv(examples, others));
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}

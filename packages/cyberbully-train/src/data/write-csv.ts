/** Writes examples as a `Text,Label` file: UTF-8, RFC 4180 quoting, line feeds. All of it or nothing. */
import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import type { Example } from "./example.js";

/** One row with its line feed. Quoted where a comma, quote or line break, or white space that editors strip, is in it. */
export function formatRow(text: string, label: string | number): string {
  // Half a surrogate pair cannot be written as UTF-8, and a reader takes a file with NUL for binary.
  const plain = text.replace(/[\p{Cs}\0]/gu, "\uFFFD");
  const quoted = /[",\r\n]|^\s|\s$|^\uFEFF/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
  return `${quoted},${label}\n`;
}

export function formatCsv(examples: Iterable<Pick<Example, "text" | "label">>): string {
  let content = "Text,Label\n";
  for (const { text, label } of examples) content += formatRow(text, label);
  return content;
}

/** Writes beside the target, flushes to the disk, then renames: readers see the old file or the whole new one. */
export async function writeCsv(
  path: string,
  examples: Iterable<Pick<Example, "text" | "label">>,
): Promise<void> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  const file = await open(temporary, "wx");
  try {
    await file.writeFile(formatCsv(examples));
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}

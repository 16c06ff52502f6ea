/** What `dataset import|split|stats` do. Reading, comparing and splitting are @btp/cyberbully-train's. */
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import {
  type DataFile,
  datasetStats,
  describeOverlap,
  type Example,
  findDuplicates,
  findOverlap,
  formatStats,
  removeDuplicates,
  splitExamples,
  writeCsv,
} from "@btp/cyberbully-train/datasets";
import type { CliContext } from "../context.js";
import { refuseToOverwrite } from "../refuse-to-overwrite.js";
import { type ColumnOptions, readDataset } from "./read-dataset.js";

export interface ImportOptions extends ColumnOptions {
  readonly out: string;
  readonly dedupe?: boolean;
  readonly overwrite?: boolean;
}

/** One file in whatever form to one file as this project reads them. */
export async function importDataset(
  file: string,
  options: ImportOptions,
  context: CliContext,
): Promise<void> {
  const out = resolve(context.cwd, options.out);
  refuseToOverwrite([out], options.overwrite);
  const data = await readDataset(file, options, context);
  const examples = deduplicated(data.examples, options.dedupe, context);
  await mkdir(dirname(out), { recursive: true });
  await writeCsv(out, examples);
  context.stdout.write(`${summary(data, examples)} -> ${options.out}\n`);
}

export interface SplitCommandOptions extends ColumnOptions {
  readonly out: string;
  readonly validation: number;
  readonly test: number;
  readonly seed: number;
  readonly dedupe?: boolean;
  readonly overwrite?: boolean;
}

/** Into train.csv, validation.csv and, where wanted, test.csv; copies and near copies never stand on both sides. */
export async function splitDataset(
  file: string,
  options: SplitCommandOptions,
  context: CliContext,
): Promise<void> {
  const folder = resolve(context.cwd, options.out);
  const names = ["train", "validation", "test"] as const;
  refuseToOverwrite(
    names.map((name) => join(folder, `${name}.csv`)),
    options.overwrite,
  );
  const data = await readDataset(file, options, context);
  const examples = deduplicated(data.examples, options.dedupe, context);
  const { validation, test, seed } = options;
  const split = splitExamples(examples, { validation, test, seed });
  await mkdir(folder, { recursive: true });
  for (const name of names) {
    const part = split[name];
    if (part.length === 0) {
      await removeEarlier(join(folder, `${name}.csv`), context);
      continue;
    }
    await writeCsv(join(folder, `${name}.csv`), part);
    const positive = part.filter(({ label }) => label === 1).length;
    const share = ((100 * positive) / part.length).toFixed(1);
    context.stdout.write(
      `${join(options.out, `${name}.csv`)}: ${part.length} messages, ${share} % cyberbullying\n`,
    );
  }
  const { count, largest } = split.groups;
  if (count > 0) {
    context.stderr.write(
      `${count} groups of related messages were kept together, the largest of ${largest}.\n`,
    );
  }
}

/** With --overwrite: a part of an earlier split holds messages that stand in other parts of this one. */
async function removeEarlier(path: string, context: CliContext): Promise<void> {
  if (!existsSync(path)) return;
  await rm(path);
  context.stderr.write(`${path} is removed: it belonged to an earlier split.\n`);
}

export interface StatsOptions extends ColumnOptions {
  readonly against?: readonly string[];
  readonly json?: boolean;
}

/** Balance, lengths, repeats, and with --against what of the file stands among other files too. */
export async function describeDataset(
  file: string,
  options: StatsOptions,
  context: CliContext,
): Promise<void> {
  const { createTokenizer } = await import("@btp/core-gpt");
  const tokenizer = await createTokenizer();
  const data = await readDataset(file, options, context);
  const stats = datasetStats(data.examples, (text) => tokenizer.encode(text, { maxTokens: 0 }).totalTokens);
  const duplicates = findDuplicates(data.examples);
  const others: Example[] = [];
  for (const path of options.against ?? [])
    others.push(...(await readDataset(path, options, context)).examples);
  const overlap = options.against && findOverlap(others, data.examples);
  if (options.json) {
    const report = {
      file,
      sha256: data.sha256,
      counts: data.counts,
      stats,
      duplicates,
      ...(overlap && { overlap }),
    };
    context.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const { exact, normalised, conflictingMessages, conflictingRows, conflicts } = duplicates;
  const lines = [
    formatStats(stats),
    "",
    `repeats: ${exact} letter for letter, ${normalised} more apart from mentions, links, case and punctuation`,
    `both labels: ${conflictingMessages} messages in ${conflictingRows} rows${firstLines(conflicts)}`,
  ];
  if (overlap)
    lines.push("", describeOverlap(overlap) ?? "No message of this file has a twin among the others.");
  context.stdout.write(`${lines.join("\n")}\n`);
}

function firstLines(conflicts: readonly { readonly lines: readonly number[] }[]): string {
  if (conflicts.length === 0) return "";
  return ` (lines ${conflicts
    .slice(0, 5)
    .map(({ lines }) => lines.join(" and "))
    .join("; ")}${conflicts.length > 5 ? "; ..." : ""})`;
}

function deduplicated(
  examples: readonly Example[],
  wanted: boolean | undefined,
  context: CliContext,
): readonly Example[] {
  if (!wanted) return examples;
  const { examples: kept, removed, conflicting } = removeDuplicates(examples);
  context.stderr.write(
    `${removed} rows left out: repeats, and ${conflicting} messages that carried both labels.\n`,
  );
  return kept;
}

function summary({ counts }: DataFile, examples: readonly Example[]): string {
  const positive = examples.filter(({ label }) => label === 1).length;
  const left = counts.rows - examples.length;
  return `${examples.length} messages, ${positive} cyberbullying${left > 0 ? `, ${left} rows left out` : ""}`;
}

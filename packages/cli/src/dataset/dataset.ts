/** What `dataset import|split|stats` do. Reading, comparing and splitting are @btp/cyberbully-train's. */
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import {
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
import { agreeing, counted } from "../counted.js";
import { refuseInputAsOutput, refuseToOverwrite } from "../refuse-to-overwrite.js";
import { type ColumnOptions, readDataset } from "./read-dataset.js";
import { describeWritten, positiveOf, tellColumns } from "./tell-written.js";

export interface ImportOptions extends ColumnOptions {
  readonly out: string;
  readonly dedupe?: boolean;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** One file in whatever form to one file as this project reads them. */
export async function importDataset(
  file: string,
  options: ImportOptions,
  context: CliContext,
): Promise<void> {
  const out = resolve(context.cwd, options.out);
  refuseInputAsOutput(resolve(context.cwd, file), [out]);
  refuseToOverwrite([out], options.overwrite);
  const data = await readDataset(file, options, context, true);
  const examples = deduplicated(data.examples, options.dedupe, context);
  await mkdir(dirname(out), { recursive: true });
  await writeCsv(out, examples, data.columns.others);
  const cyberbullying = positiveOf(examples);
  if (options.json) {
    const told = describeWritten(file, data, examples);
    const sizes = { messages: examples.length, cyberbullying };
    context.stdout.write(`${JSON.stringify({ ...told, out: options.out, ...sizes })}\n`);
    return;
  }
  tellColumns(data, context);
  const left = data.counts.rows - examples.length;
  const leftOut = left > 0 ? `, ${counted(left, "row")} left out` : "";
  context.stdout.write(
    `${counted(examples.length, "message")}, ${cyberbullying} cyberbullying${leftOut} -> ${options.out}\n`,
  );
}

export interface SplitCommandOptions extends ColumnOptions {
  readonly out: string;
  readonly validation: number;
  readonly test: number;
  readonly seed: number;
  readonly dedupe?: boolean;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** Into train.csv, validation.csv and, where wanted, test.csv; copies and near copies never stand on both sides. */
export async function splitDataset(
  file: string,
  options: SplitCommandOptions,
  context: CliContext,
): Promise<void> {
  const folder = resolve(context.cwd, options.out);
  const names = ["train", "validation", "test"] as const;
  const paths = names.map((name) => join(folder, `${name}.csv`));
  refuseInputAsOutput(resolve(context.cwd, file), paths);
  refuseToOverwrite(paths, options.overwrite);
  const data = await readDataset(file, options, context, true);
  const examples = deduplicated(data.examples, options.dedupe, context);
  const { validation, test, seed } = options;
  const split = splitExamples(examples, { validation, test, seed });
  await mkdir(folder, { recursive: true });
  const parts: Record<string, unknown>[] = [];
  const lines: string[] = [];
  for (const name of names) {
    const part = split[name];
    if (part.length === 0) {
      await removeEarlier(join(folder, `${name}.csv`), context);
      continue;
    }
    await writeCsv(join(folder, `${name}.csv`), part, data.columns.others);
    const path = join(options.out, `${name}.csv`);
    const positive = positiveOf(part);
    const share = ((100 * positive) / part.length).toFixed(1);
    parts.push({ name, path, messages: part.length, cyberbullying: positive });
    lines.push(`${path}: ${counted(part.length, "message")}, ${share} % cyberbullying\n`);
  }
  if (options.json) {
    const told = describeWritten(file, data, examples);
    context.stdout.write(`${JSON.stringify({ ...told, parts, groups: split.groups })}\n`);
    return;
  }
  tellColumns(data, context);
  context.stdout.write(lines.join(""));
  const { count, largest } = split.groups;
  if (count > 0) {
    const groups = counted(count, "group");
    context.stderr.write(
      `${groups} of related messages ${agreeing(count, "was", "were")} kept together, ${count === 1 ? `of ${largest}` : `the largest of ${largest}`}.\n`,
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
    `both labels: ${counted(conflictingMessages, "message")} in ${counted(conflictingRows, "row")}${firstLines(conflicts)}`,
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
    `${counted(removed, "row")} left out: repeats, and ${counted(conflicting, "message")} that carried both labels.\n`,
  );
  return kept;
}

/** Reads the two data sets of a run and says what is wrong with them, in sentences for the log. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isEmptyMessage } from "@btp/detector";
import type { TrainConfig } from "../config/knobs.js";
import { counted } from "../counted.js";
import { readCsvLayout } from "../data/csv-layout.js";
import { describeOverlap, findDuplicates, findOverlap } from "../data/duplicates.js";
import type { Example } from "../data/example.js";
import { type DataFile, readCsv } from "../data/read-csv.js";
import { TrainError } from "../errors.js";

export interface NamedDataSet {
  /** As the user named it. */
  readonly path: string;
  readonly examples: readonly Example[];
  readonly sha256: string;
}

export interface DataSets {
  readonly train: NamedDataSet;
  readonly validation: NamedDataSet;
  /** Whether these are the bundled synthetic messages. */
  readonly synthetic: boolean;
  /** Sentences on bad rows, repeats and overlaps; never a message's text. */
  readonly notes: readonly string[];
}

/** Bad rows that are listed with their lines; the rest are counted. */
const listedRows = 10;

/** @throws {TrainError} BAD_DATA, BAD_LABEL */
export async function readDataSets(config: TrainConfig): Promise<DataSets> {
  const layout = readCsvLayout(config);
  const paths = dataPaths(config);
  const train = withoutEmpty(await readCsv(paths.train, layout));
  const validation = withoutEmpty(await readCsv(paths.validation, layout));
  requireBothLabels(train, paths.train);
  requireBothLabels(validation, paths.validation);
  const notes = [...describeFile(paths.train, train), ...describeFile(paths.validation, validation)];
  const overlap = describeOverlap(findOverlap(train.examples, validation.examples));
  if (overlap !== undefined) notes.push(overlap);
  return {
    train: { path: paths.train, examples: train.examples, sha256: train.sha256 },
    validation: { path: paths.validation, examples: validation.examples, sha256: validation.sha256 },
    synthetic: resolve(paths.train) === bundledSample()?.train,
    notes,
  };
}

function dataPaths({ train, validation }: TrainConfig): {
  readonly train: string;
  readonly validation: string;
} {
  if (train !== undefined && validation !== undefined) return { train, validation };
  const bundled = bundledSample();
  if (bundled !== undefined) return bundled;
  throw new TrainError("BAD_DATA", "Expected --train and --validation: the bundled sample is not here.");
}

/** The synthetic sample of the repository, where this package is part of a clone. */
function bundledSample(): { readonly train: string; readonly validation: string } | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  const folder = join(here, "..", "..", "..", "..", "datasets", "synthetic");
  const paths = { train: join(folder, "train.csv"), validation: join(folder, "validation.csv") };
  return existsSync(paths.train) && existsSync(paths.validation) ? paths : undefined;
}

/** Counts follow; what is empty is what a detector calls so. */
function withoutEmpty(file: DataFile): DataFile {
  const examples = file.examples.filter(({ text }) => !isEmptyMessage(text));
  const positive = examples.filter(({ label }) => label === 1).length;
  const counts = {
    ...file.counts,
    examples: examples.length,
    positive,
    negative: examples.length - positive,
    emptyText: file.examples.length - examples.length,
  };
  return { ...file, examples, counts };
}

function requireBothLabels(file: DataFile, path: string): void {
  const { positive, negative } = file.counts;
  if (positive > 0 && negative > 0) return;
  const bad = describeBadRows(file);
  throw new TrainError(
    "BAD_DATA",
    `Expected messages of both labels in ${path}, got ${positive} of cyberbullying and ${counted(negative, "other")}.${bad === undefined ? "" : ` ${bad}.`}`,
  );
}

function describeBadRows({ counts, problems }: DataFile): string | undefined {
  if (counts.badRows === 0) return undefined;
  const listed = problems.slice(0, listedRows).map(({ line, reason }) => `line ${line}: ${reason}`);
  const more = counts.badRows > listed.length ? `; and ${counts.badRows - listed.length} more` : "";
  return `${counted(counts.badRows, "bad row")} left out: ${listed.join("; ")}${more}`;
}

function describeFile(path: string, file: DataFile): string[] {
  const { examples, counts } = file;
  const share = ((100 * counts.positive) / counts.examples).toFixed(1);
  const notes = [`${path}: ${counted(counts.examples, "message")}, ${share} % cyberbullying.`];
  const bad = describeBadRows(file);
  if (bad !== undefined) notes.push(`${path}: ${bad}.`);
  if (counts.emptyText > 0)
    notes.push(
      `${path}: ${counted(counts.emptyText, "message is", "messages are")} empty and left out, as a detector decides on such without its model.`,
    );
  const repeats = findDuplicates(examples);
  if (repeats.exact + repeats.normalised > 0)
    notes.push(
      `${path}: ${counted(repeats.exact, "message repeats", "messages repeat")} an earlier one letter for letter, ${repeats.normalised} apart from mentions, links, case and punctuation; ` +
        `${counted(repeats.conflictingMessages, "is", "are")} there with both labels.`,
    );
  return notes;
}

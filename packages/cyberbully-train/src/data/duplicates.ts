/**
 * Repeats within a data set and leaks between two: the figures that a run reports before it trains, because a validation
 * message with a twin among the training messages flatters every model. Reports lines and counts, never text.
 */
import { agreeing, counted } from "../counted.js";
import type { Example } from "./example.js";
import { GramIndex, wordGrams } from "./near-duplicates.js";
import { comparisonKey } from "./normalise.js";

export interface DuplicateReport {
  /** Rows whose text already stood in an earlier row, letter for letter. */
  readonly exact: number;
  /** Further rows that equal an earlier one without mentions, links, escapes, case and punctuation. */
  readonly normalised: number;
  /** Messages that are there with both labels, and the rows they take up. */
  readonly conflictingMessages: number;
  readonly conflictingRows: number;
  /** Lines of such messages, the first 20 messages and 20 lines of each. */
  readonly conflicts: readonly { readonly lines: readonly number[] }[];
}

const MAX_LISTED = 20;

export function findDuplicates(examples: readonly Example[]): DuplicateReport {
  const texts = new Set<string>();
  const byKey = new Map<string, Example[]>();
  let exact = 0;
  let normalised = 0;
  for (const example of examples) {
    const key = comparisonKey(example.text);
    const twins = byKey.get(key);
    if (texts.has(example.text)) exact++;
    else if (twins !== undefined) normalised++;
    texts.add(example.text);
    if (twins === undefined) byKey.set(key, [example]);
    else twins.push(example);
  }
  const conflicting = [...byKey.values()].filter((twins) =>
    twins.some(({ label }) => label !== twins[0]!.label),
  );
  return {
    exact,
    normalised,
    conflictingMessages: conflicting.length,
    conflictingRows: conflicting.reduce((sum, twins) => sum + twins.length, 0),
    conflicts: conflicting
      .slice(0, MAX_LISTED)
      .map((twins) => ({ lines: twins.slice(0, MAX_LISTED).map(({ line }) => line) })),
  };
}

/** How a validation message is related to a training message; the strongest relation counts. */
export type OverlapKind = "exact" | "normalised" | "near";

export interface OverlapReport {
  readonly exact: number;
  readonly normalised: number;
  /** Most word 5-grams shared. */
  readonly near: number;
  /** Validation messages with any twin, divided by all. */
  readonly share: number;
  /** One entry for each such validation message, in file order. */
  readonly pairs: readonly OverlapPair[];
}

export interface OverlapPair {
  readonly kind: OverlapKind;
  readonly validationLine: number;
  readonly trainLine: number;
}

/** @param train - may be several files one behind the other; `trainLine` then counts within each */
export function findOverlap(train: readonly Example[], validation: readonly Example[]): OverlapReport {
  const byText = new Map<string, number>();
  const byKey = new Map<string, number>();
  const index = new GramIndex();
  train.forEach(({ text }, i) => {
    if (!byText.has(text)) byText.set(text, i);
    const key = comparisonKey(text);
    if (byKey.has(key)) return;
    byKey.set(key, i);
    index.add(i, wordGrams(text));
  });
  const counts: Record<OverlapKind, number> = { exact: 0, normalised: 0, near: 0 };
  const pairs: OverlapPair[] = [];
  for (const { text, line } of validation) {
    const exact = byText.get(text);
    const normalised = exact ?? byKey.get(comparisonKey(text));
    const twin = normalised ?? index.nearRepeatsOf(wordGrams(text))[0];
    if (twin === undefined) continue;
    const kind = exact !== undefined ? "exact" : normalised !== undefined ? "normalised" : "near";
    counts[kind]++;
    pairs.push({ kind, validationLine: line, trainLine: train[twin]!.line });
  }
  return { ...counts, share: validation.length === 0 ? 0 : pairs.length / validation.length, pairs };
}

/** What `train` and `dataset stats` say of an overlap: one sentence, or nothing where there is none. */
export function describeOverlap(report: OverlapReport): string | undefined {
  if (report.pairs.length === 0) return undefined;
  const percent = (100 * report.share).toFixed(1);
  return (
    `${counted(report.pairs.length, "validation message")} (${percent} %) ${agreeing(report.pairs.length, "has", "have")} a twin among the training messages: ${report.exact} letter for letter, ` +
    `${report.normalised} apart from mentions, links, case and punctuation, ${report.near} with most word 5-grams shared. Figures will be too good.`
  );
}

export interface Deduplicated {
  readonly examples: readonly Example[];
  /** Repeats left out; the first of each message stays. */
  readonly removed: number;
  /** Messages left out altogether because they were there with both labels. */
  readonly conflicting: number;
}

/** Keeps the first of each message, and none of a message that carries both labels. */
export function removeDuplicates(examples: readonly Example[]): Deduplicated {
  const labels = new Map<string, 0 | 1 | "both">();
  const keys = examples.map(({ text }) => comparisonKey(text));
  examples.forEach(({ label }, i) => {
    const known = labels.get(keys[i]!);
    labels.set(keys[i]!, known === undefined || known === label ? label : "both");
  });
  const seen = new Set<string>();
  let conflicting = 0;
  const kept = examples.filter((_, i) => {
    const key = keys[i]!;
    if (seen.has(key)) return false;
    seen.add(key);
    if (labels.get(key) === "both") conflicting++;
    return labels.get(key) !== "both";
  });
  return { examples: kept, removed: examples.length - kept.length, conflicting };
}

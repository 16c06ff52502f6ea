/** Figures on a data set: label balance, lengths, and what its messages are made of. Counts only, no text. */
import type { Example } from "./example.js";

export interface LengthStats {
  readonly mean: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

export interface DataStats {
  readonly examples: number;
  readonly positive: number;
  readonly negative: number;
  /** positive / examples */
  readonly positiveShare: number;
  readonly characters: LengthStats;
  readonly words: LengthStats;
  /** Present where a tokenizer was given. */
  readonly tokens?: LengthStats;
  readonly emptyText: number;
  /** Messages with at least one. */
  readonly withMention: number;
  readonly withLink: number;
  readonly withHashtag: number;
  readonly withEmoji: number;
  /** Messages most of whose letters are not Latin: a model of English will guess. */
  readonly mostlyNotLatin: number;
}

/** @param countTokens - the detector's tokenizer; adds `tokens` */
export function datasetStats(
  examples: readonly Example[],
  countTokens?: (text: string) => number,
): DataStats {
  const positive = examples.reduce((sum, { label }) => sum + label, 0);
  const having = (pattern: RegExp): number => examples.filter(({ text }) => pattern.test(text)).length;
  return {
    examples: examples.length,
    positive,
    negative: examples.length - positive,
    positiveShare: examples.length === 0 ? 0 : positive / examples.length,
    characters: lengthStats(examples, (text) => [...text].length),
    words: lengthStats(examples, (text) => text.split(/\s+/).filter((word) => word !== "").length),
    ...(countTokens ? { tokens: lengthStats(examples, countTokens) } : {}),
    emptyText: examples.filter(({ text }) => text.trim() === "").length,
    withMention: having(/@\w/),
    withLink: having(/https?:\/\/|www\./i),
    withHashtag: having(/#\p{L}/u),
    withEmoji: having(/\p{Extended_Pictographic}/u),
    mostlyNotLatin: examples.filter(({ text }) => isMostlyNotLatin(text)).length,
  };
}

/** The figures as aligned lines for a terminal. */
export function formatStats(stats: DataStats): string {
  const share = (count: number): string =>
    `${count} (${((100 * count) / Math.max(1, stats.examples)).toFixed(1)} %)`;
  const lengths = ({ mean, median, p95, max }: LengthStats): string =>
    `mean ${mean.toFixed(1)}, median ${median}, 95th percentile ${p95}, longest ${max}`;
  const rows: [string, string][] = [
    ["messages", String(stats.examples)],
    ["cyberbullying (1)", share(stats.positive)],
    ["not (0)", share(stats.negative)],
    ["characters", lengths(stats.characters)],
    ["words", lengths(stats.words)],
    ...(stats.tokens ? ([["tokens", lengths(stats.tokens)]] satisfies [string, string][]) : []),
    ["empty", share(stats.emptyText)],
    ["with @mention", share(stats.withMention)],
    ["with link", share(stats.withLink)],
    ["with #hashtag", share(stats.withHashtag)],
    ["with emoji", share(stats.withEmoji)],
    ["mostly not Latin script", share(stats.mostlyNotLatin)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

function lengthStats(examples: readonly Example[], lengthOf: (text: string) => number): LengthStats {
  const lengths = Float64Array.from(examples, ({ text }) => lengthOf(text)).sort();
  const at = (share: number): number => lengths[Math.max(0, Math.ceil(share * lengths.length) - 1)] ?? 0;
  const mean = lengths.length === 0 ? 0 : lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  return { mean, median: at(0.5), p95: at(0.95), max: lengths.at(-1) ?? 0 };
}

function isMostlyNotLatin(text: string): boolean {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0;
  return letters > 0 && latin < letters / 2;
}

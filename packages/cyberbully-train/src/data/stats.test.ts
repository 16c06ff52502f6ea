import { describe, expect, it } from "vitest";
import { datasetStats, formatStats } from "./stats.js";

const rows = ["@you hi", "see https://example.org #fun", "добрый день", "", "ok 😀"];
const examples = rows.map((text, i) => ({ text, label: i < 2 ? (1 as const) : (0 as const), line: i + 2 }));

describe("figures on a data set", () => {
  it("count labels, lengths and contents", () => {
    const stats = datasetStats(examples, (text) => text.length);
    expect(stats).toMatchObject({
      examples: 5,
      positive: 2,
      negative: 3,
      positiveShare: 0.4,
      characters: { median: 7, max: 28 },
      words: { mean: 9 / 5, median: 2, p95: 3, max: 3 },
      tokens: { max: 28 },
      emptyText: 1,
      withMention: 1,
      withLink: 1,
      withHashtag: 1,
      withEmoji: 1,
      mostlyNotLatin: 1,
    });
  });

  it("are defined for nothing", () => {
    expect(datasetStats([])).toMatchObject({
      examples: 0,
      positiveShare: 0,
      words: { mean: 0, median: 0, max: 0 },
    });
  });

  it("print as aligned lines", () => {
    expect(formatStats(datasetStats(examples)).split("\n").slice(0, 3)).toEqual([
      "messages                 5",
      "cyberbullying (1)        2 (40.0 %)",
      "not (0)                  3 (60.0 %)",
    ]);
  });
});

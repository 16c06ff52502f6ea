import { expect, it } from "vitest";
import { decide } from "./decide.js";
import type { Detector } from "./detection.js";
import { explain, maxExplainedWords } from "./explain.js";

/** Scores a message by its words, so that each word's effect is known exactly. */
function wordListDetector(seen: string[] = []): Detector {
  return {
    info: {
      name: "words",
      sha256: "",
      parameters: 0,
      maxLength: 99,
      threshold: 0.5,
      temperature: 1,
      engine: "none",
    },
    async detect(texts, { threshold = 0.5 } = {}) {
      seen.push(...texts);
      return texts.map((text) => {
        const score = 0.3 + (text.includes("stupid") ? 0.4 : 0) - (text.includes("friend") ? 0.2 : 0);
        return { ...decide(text === "" ? 0 : score, threshold), tokens: text.length, truncated: false };
      });
    },
    dispose: async () => {},
  };
}

it("gives each word the difference it makes", async () => {
  const [result] = await explain(wordListDetector(), ["my  stupid friend"]);
  expect(result!.score).toBeCloseTo(0.5, 12);
  expect(result!.words.map(({ word, start, end }) => [word, start, end])).toEqual([
    ["my", 0, 2],
    ["stupid", 4, 10],
    ["friend", 11, 17],
  ]);
  const effects = result!.words.map(({ effect }) => Math.round(effect * 1000) / 1000);
  expect(effects).toEqual([0, 0.4, -0.2]);
});

it("leaves no double or trailing space where a word was", async () => {
  const seen: string[] = [];
  await explain(wordListDetector(seen), ["a b c"]);
  expect(seen).toEqual(["a b c", "b c", "a c", "a b"]);
});

it("keeps the words of several messages apart", async () => {
  const results = await explain(wordListDetector(), ["stupid", "", "friend stupid"]);
  expect(results.map(({ words }) => words.map(({ word }) => word))).toEqual([
    ["stupid"],
    [],
    ["friend", "stupid"],
  ]);
});

it("measures a lone word by the threshold, since nothing is left to compare it with", async () => {
  const results = await explain(wordListDetector(), ["stupid", "friend"], { threshold: 0.6 });
  const effects = results.map(({ words }) => words[0]!.effect);
  expect(effects[0]).toBeCloseTo(0.1, 12);
  expect(effects[1]).toBeCloseTo(-0.5, 12);
});

it("bounds the number of words", async () => {
  const [result] = await explain(wordListDetector(), ["word ".repeat(maxExplainedWords + 50)]);
  expect(result!.words).toHaveLength(maxExplainedWords);
});

import { describe, expect, it } from "vitest";
import { worstMistakes } from "./mistakes.js";

const labels = Uint8Array.from([1, 0, 1, 0, 1, 0]);
const scores = Float64Array.from([0.9, 0.95, 0.1, 0.8, 0.3, 0.5]);

describe("worstMistakes", () => {
  it("ranks what was wrong by certainty; a score at the threshold is a positive one", () => {
    expect(worstMistakes(labels, scores, 0.5, 9).map(({ row }) => row)).toEqual([1, 2, 3, 4, 5]);
    expect(worstMistakes(labels, scores, 0.5, 1)).toEqual([{ row: 1, label: 0, score: 0.95 }]);
  });

  it("shows the worst of every kind before a second of any", () => {
    const groups = ["a", "a", "a", "b", "b", "c"];
    expect(worstMistakes(labels, scores, 0.5, 4, groups).map(({ row }) => row)).toEqual([1, 3, 5, 2]);
  });

  it("is empty where nothing is wrong or wanted", () => {
    expect(worstMistakes(labels, Float64Array.from(labels), 0.5, 5)).toEqual([]);
    expect(worstMistakes(labels, scores, 0.5, 0)).toEqual([]);
  });
});

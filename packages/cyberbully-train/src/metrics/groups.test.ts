import { describe, expect, it } from "vitest";
import { evaluateGroups, formatGroups } from "./groups.js";

const groups = ["threat", "threat", "praise", "praise", "threat", "mixed", "mixed"];
const labels = Uint8Array.from([1, 1, 0, 0, 1, 1, 0]);
const scores = Float64Array.from([0.9, 0.2, 0.6, 0.1, 0.5, 0.9, 0.9]);

describe("evaluateGroups", () => {
  it("counts right and wrong decisions of each group apart", () => {
    const [mixed, praise, threat] = evaluateGroups(groups, labels, scores, 0.5);
    expect(threat).toMatchObject({ group: "threat", messages: 3, positive: 3, falsePositiveRate: null });
    expect(threat?.accuracy).toBeCloseTo(2 / 3, 12);
    expect(threat?.falseNegativeRate).toBeCloseTo(1 / 3, 12);
    expect(praise).toMatchObject({
      accuracy: 0.5,
      flagged: 0.5,
      falsePositiveRate: 0.5,
      falseNegativeRate: null,
    });
    expect(mixed).toMatchObject({ accuracy: 0.5, flagged: 1, falsePositiveRate: 1, falseNegativeRate: 0 });
  });

  it("adds up to the figure over all messages", () => {
    const found = evaluateGroups(groups, labels, scores, 0.5);
    const right = found.reduce((sum, { accuracy, messages }) => sum + accuracy * messages, 0);
    const overall = labels.filter((label, i) => scores[i]! >= 0.5 === (label === 1)).length;
    expect(right).toBeCloseTo(overall, 9);
  });
});

describe("formatGroups", () => {
  it("shows the weakest group first, in 80 columns, without control characters", () => {
    const odd = ["x".repeat(99), "\u001b[31mred", "", "b", "b", "b", "b"];
    const lines = formatGroups(evaluateGroups(odd, labels, scores, 0.5)).split("\n");
    expect(lines).toHaveLength(5);
    expect(lines.every((line) => line.length <= 80 && !line.includes("\u001b"))).toBe(true);
    const accuracies = lines.slice(1).map((line) => Number(/(\d\.\d\d) \(/.exec(line)?.[1]));
    expect(accuracies).toEqual([...accuracies].sort());
  });
});

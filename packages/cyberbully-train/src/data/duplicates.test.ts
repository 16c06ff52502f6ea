import { describe, expect, it } from "vitest";
import { describeOverlap, findDuplicates, findOverlap, removeDuplicates } from "./duplicates.js";
import type { Example } from "./example.js";

function examples(...rows: readonly (readonly [string, 0 | 1])[]): Example[] {
  return rows.map(([text, label], i) => ({ text, label, line: i + 2 }));
}

const long = "the committee will meet again next tuesday to talk about the new rules";

describe("repeats within a set", () => {
  const set = examples(
    ["Hello!", 0],
    ["Hello!", 0],
    ["@you hello", 0],
    ["other", 1],
    ["Other.", 0],
    ["third", 1],
  );

  it("are counted as exact, as equal when normalised, and as conflicting", () => {
    expect(findDuplicates(set)).toEqual({
      exact: 1,
      normalised: 2,
      conflictingMessages: 1,
      conflictingRows: 2,
      conflicts: [{ lines: [5, 6] }],
    });
  });

  it("are removed, and messages with both labels altogether", () => {
    const { examples: kept, removed, conflicting } = removeDuplicates(set);
    expect(kept.map(({ text }) => text)).toEqual(["Hello!", "third"]);
    expect({ removed, conflicting }).toEqual({ removed: 4, conflicting: 1 });
  });
});

describe("overlap of two sets", () => {
  const train = examples(["same", 0], ["@a nearly the same", 0], [long, 1], ["unrelated words here", 0]);
  const validation = examples(
    ["same", 0],
    ["nearly the same?", 0],
    [`${long} on the first floor`, 1],
    ["so true: the committee will meet again", 0],
    ["nothing alike at all", 0],
  );

  it("finds exact, normalised and near twins, the strongest relation of each message", () => {
    const report = findOverlap(train, validation);
    expect(report).toMatchObject({ exact: 1, normalised: 1, near: 1, share: 3 / 5 });
    expect(report.pairs).toEqual([
      { kind: "exact", validationLine: 2, trainLine: 2 },
      { kind: "normalised", validationLine: 3, trainLine: 3 },
      { kind: "near", validationLine: 4, trainLine: 4 },
    ]);
  });

  it("is told in a sentence, or not at all", () => {
    expect(describeOverlap(findOverlap(train, validation))).toContain("3 validation messages (60.0 %)");
    expect(describeOverlap(findOverlap(train, []))).toBeUndefined();
  });
});

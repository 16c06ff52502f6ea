import { createRandom } from "@btp/core-gpt";
import { describe, expect, it } from "vitest";
import { augmentText } from "./augment.js";

const off = { misspelling: 0, leet: 0, spacing: 0, casing: 0 };
const text = "you are such a silly goose @Anna_Smith https://example.org/page";

describe("augmentText", () => {
  it.each(["misspelling", "leet", "spacing", "casing"] as const)("changes nearly every text: %s", (kind) => {
    const seeds = Array.from({ length: 50 }, (_, seed) => seed);
    const changed = seeds.filter(
      (seed) => augmentText(text, { ...off, [kind]: 1 }, createRandom(seed)) !== text,
    );
    // In leet each letter is drawn, and now and then none is.
    expect(changed.length).toBeGreaterThan(40);
  });

  it.each(["misspelling", "leet", "spacing"] as const)("leaves mentions and links alone: %s", (kind) => {
    for (let seed = 0; seed < 50; seed++)
      expect(augmentText(text, { ...off, [kind]: 1 }, createRandom(seed))).toMatch(
        /@Anna_Smith https:\/\/example\.org\/page$/,
      );
  });

  it("spaces letters out without losing one", () => {
    for (let seed = 0; seed < 50; seed++) {
      const spaced = augmentText("complete nonsense", { ...off, spacing: 1 }, createRandom(seed));
      expect(spaced.replace(/[ .-]/g, "")).toBe("completenonsense");
    }
  });

  it("gives the same for the same random numbers, and leaves texts without words as they are", () => {
    const all = { misspelling: 1, leet: 1, spacing: 1, casing: 1 };
    expect(augmentText(text, all, createRandom(9))).toBe(augmentText(text, all, createRandom(9)));
    for (const wordless of ["", "123 !!", "@x"])
      expect(augmentText(wordless, { ...all, casing: 0 }, createRandom(1))).toBe(wordless);
    expect(augmentText(text, off, createRandom(1))).toBe(text);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "@btp/test-kit";
import { describe, expect, it } from "vitest";
import { parseRecipe } from "./recipe.js";

function tiny(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: "tiny",
    model: { numLayers: 1, width: 8, numHeads: 2, contextLength: 16 },
    sources: { own: { file: "own.csv", scores: "own.safetensors" } },
    phases: [
      { name: "only", mixture: [{ source: "own" }], losses: { hard: 1 }, epochs: 1, learningRate: 0.01 },
    ],
    validation: { sets: { own: { file: "validation.csv" } }, calibrateOn: "own" },
    ...changes,
  };
}

const phase = { name: "p", mixture: [{ source: "own" }], epochs: 1, learningRate: 0.01 };

describe("parseRecipe", () => {
  it("fills in what is not said", () => {
    const recipe = parseRecipe(tiny());
    expect(recipe).toMatchObject({ seed: 1, normalise: false, precision: "float32", vocabulary: {} });
    expect(recipe.phases[0]).toMatchObject({
      kind: "distill",
      start: "previous",
      losses: { hard: 1, soft: 0, vectors: 0, languageModel: 0 },
      mixture: [{ source: "own", repeat: 1, hardWeight: 1, augment: 0 }],
    });
  });

  it("reads a phase of kind pretrain as predicting the next token", () => {
    const recipe = parseRecipe(
      tiny({
        phases: [
          { ...phase, kind: "pretrain" },
          { ...phase, losses: { soft: 1 } },
        ],
      }),
    );
    expect(recipe.phases[0]?.losses).toEqual({ hard: 0, soft: 0, vectors: 0, languageModel: 1 });
  });

  it.each([
    [{ sead: 3 }, 'unknown key "sead". Did you mean seed?'],
    [
      { model: { numLayers: 1, widht: 8, numHeads: 2, contextLength: 16 } },
      'model: unknown key "widht". Did you mean width?',
    ],
    [
      { phases: [{ ...phase, losses: { hrad: 1 } }] },
      'phases.0.losses: unknown key "hrad". Did you mean hard?',
    ],
    [
      { sources: { own: { file: "a.csv", vector: "v" } } },
      'sources.own: unknown key "vector". Did you mean vectors?',
    ],
    [
      { phases: [{ ...phase, mixture: [{ source: "won" }], losses: { hard: 1 } }] },
      '"won" is not defined. Did you mean own?',
    ],
    [{ phases: [{ ...phase, losses: { vectors: 1 } }] }, "expected a source with vectors"],
    [{ phases: [{ ...phase, losses: { languageModel: 1 } }] }, "at least one with losses hard or soft"],
    [{ phases: [{ ...phase, losses: {} }] }, "at least one weight above 0"],
    [{ phases: [{ ...phase, kind: "pretrain", losses: { hard: 1 } }] }, "languageModel alone"],
    [{ phases: [{ ...phase, losses: { hard: 1 }, minLearningRate: 1 }] }, "at most learningRate 0.01"],
    [{ model: { numLayers: 1, width: 9, numHeads: 2, contextLength: 16 } }, "multiple of numHeads"],
    [{ vocabulary: { minCount: 2, keptIds: "ids.json" } }, "minCount or keptIds"],
    [{ validation: { sets: { a: { file: "a.csv" } }, calibrateOn: "b" } }, '"b" is not defined'],
    [{ name: "../x" }, "letters, digits"],
    [
      { sources: { own: { file: "a.csv", labels: "bad=yes" } } },
      "sources.own: Expected a label mapping such as",
    ],
    [
      { validation: { sets: { v: { file: "a.csv", delimiter: "semicolon" } }, calibrateOn: "v" } },
      'validation.sets.v: Expected one character that is no letter, digit, quote or line end between columns, or "tab"',
    ],
    [
      { sources: { own: { file: "a.txt", delimiter: "tab" } } },
      "sources.own: expected a file that ends in .csv or .tsv beside labels or delimiter.",
    ],
  ])("refuses %j", (changes, message) => {
    expect(() => parseRecipe(tiny(changes))).toThrow(expect.objectContaining({ code: "BAD_CONFIG" }));
    expect(() => parseRecipe(tiny(changes))).toThrow(message);
  });

  it.each([[null], [[]], ["text"], [{}]])("refuses %j, which is no recipe", (json) => {
    expect(() => parseRecipe(json)).toThrow(expect.objectContaining({ code: "BAD_CONFIG" }));
  });

  it.each([
    ["btp-mini-1-vectors", "vectors", undefined],
    ["btp-mini-2-vectors", "vectors", "teacher:btp-mini-1-vectors"],
    ["btp-mini", "everything", "teacher:btp-mini-2-vectors"],
  ])("takes the recipe %s, which goes on from the one before", (name, phase, start) => {
    const path = join(repositoryRoot(), "packages", "cyberbully-train", "recipes", `${name}.json`);
    const recipe = parseRecipe(JSON.parse(readFileSync(path, "utf8")));
    expect(recipe).toMatchObject({ name, phases: [{ name: phase }] });
    expect(recipe.start).toBe(start);
  });
});

import { expect, it } from "vitest";
import { createConfig } from "../config/config.js";
import { writeModelCard } from "./model-card.js";

it("tells of rows left out and of twins between the sets", () => {
  const dataNotes = [
    "train.csv: 3 bad rows left out: line 4: the label is empty; and 2 more.",
    "5 validation messages (2.5 %) have a twin among the training messages.",
  ];
  const card = writeModelCard({
    name: "mine",
    config: createConfig({}),
    parameters: 1000,
    base: undefined,
    trainMessages: 900,
    validationMessages: 200,
    synthetic: false,
    dataNotes,
    best: {
      step: 10,
      epoch: 1,
      trainLoss: 0.5,
      trainAccuracy: 0.8,
      loss: 0.5,
      accuracy: 0.8,
      f1: 0.8,
      auc: 0.9,
      learningRate: 1e-3,
    },
    threshold: 0.5,
    temperature: 0.05,
    warnings: ["Scores are not calibrated."],
    steps: 20,
    seconds: 3,
    engine: "jit",
    date: "2026-01-01T00:00:00.000Z",
  });
  expect(card).toContain("before the temperature. **Scores are not calibrated.** `metrics.json`");
  expect(card).toContain(`## Data\n${dataNotes.map((note) => `- ${note}`).join("\n")}\n\n## Use`);
});

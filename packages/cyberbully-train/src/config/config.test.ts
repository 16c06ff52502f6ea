import { expect, it } from "vitest";
import { createConfig } from "./config.js";
import { knobNames } from "./knobs.js";
import { describeTrainOptions, parseTrainArguments, trainOptions } from "./options.js";
import { presetNames, presets } from "./presets.js";

it("accepts every preset and freezes the result", () => {
  for (const preset of presetNames) expect(Object.isFrozen(createConfig({ preset }))).toBe(true);
});

it("keeps the recipe's numbers in the gpt2 preset", () => {
  expect(presets.gpt2).toMatchObject({
    batchSize: 64,
    epochs: 3,
    learningRate: 1e-5,
    minLearningRate: 1e-6,
    weightDecay: 0.01,
    clip: 1,
    dropout: 0.1,
    unfreezeBlocks: 1,
  });
});

it("starts from gpt2 when a base is named and from compact when none is", () => {
  expect(createConfig({ base: "some/dir" }).epochs).toBe(presets.gpt2.epochs);
  expect(createConfig({}).width).toBe(presets.compact.width);
});

it("names the nearest key for an unknown one and lists every problem at once", () => {
  const attempt = () => createConfig({ learningrate: 1, epochs: -1 });
  expect(attempt).toThrow(expect.objectContaining({ code: "BAD_CONFIG" }));
  expect(attempt).toThrow(/Did you mean learningRate\?/);
  expect(attempt).toThrow(/epochs/);
});

it.each([
  [{ width: 130 }, /multiple of numHeads/],
  [{ unfreezeBlocks: 1 }, /without a base/],
  [{ train: "a.csv" }, /together/],
  [{ minLearningRate: 1 }, /at most learningRate/],
  [{ loraRank: 4 }, /loraRank 0 without a base/],
  [{ base: "gpt2", loraRank: 4, trunkPrecision: "int8" }, /no frozen block lies below/],
  [{ labels: "bully=yes" }, /Expected a label mapping such as/],
  [{ delimiter: "semicolon" }, /or "tab" for a tabulator/],
  [{ preset: "compcat" }, /compact, gpt2/],
])("refuses values that contradict each other: %o", (values, message) => {
  expect(() => createConfig(values)).toThrow(message);
});

it("gives every knob an option", () => {
  expect(trainOptions.map(({ key }) => key)).toEqual(["preset", "config", ...knobNames]);
  const help = describeTrainOptions();
  expect(help).toMatch(/^ {2}--train FILE +CSV/m);
  expect(help).toContain("--unfreeze-blocks N|all");
  expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(110);
});

it("reads values attached, separate, boolean and negated", () => {
  const parsed = parseTrainArguments([
    "--learning-rate=1e-3",
    "--epochs",
    "2",
    "--resume",
    "--no-cache",
    "--unfreeze-blocks",
    "all",
    "--config",
    "c.json",
  ]);
  expect(parsed).toEqual({
    help: false,
    configFile: "c.json",
    values: { learningRate: 1e-3, epochs: 2, resume: true, cache: false, unfreezeBlocks: "all" },
  });
});

it.each([
  [["--batchsize", "3"], /Did you mean --batch-size\?/],
  [["--epoch=3"], /Did you mean --epochs\?/],
  [["--epochs"], /Expected a value after --epochs/],
  [["--epochs", "--resume"], /Expected a value/],
  [["--epochs", "three"], /Expected a number/],
  [["stray"], /Expected an option/],
  [["--resume=maybe"], /true or false/],
])("refuses %j", (argv, message) => {
  expect(() => parseTrainArguments(argv)).toThrow(message);
  expect(() => parseTrainArguments(argv)).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
});

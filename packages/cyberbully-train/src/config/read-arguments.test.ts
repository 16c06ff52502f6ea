import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readTrainArguments } from "./read-arguments.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "btp-arguments-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ["--learning-rate=20", /--learning-rate: .*<=10, got 20\./],
  ["--engine=cuda", /--engine: .*"jit".*, got "cuda"\./],
  ["--unfreeze-blocks=-1", /--unfreeze-blocks: /],
  ["--width=130", /--width to be a multiple of --num-heads, got 130 and 4/],
  ["--min-learning-rate=1", /--min-learning-rate to be at most --learning-rate, got 1 and/],
  ["--train=a.csv", /--train and --validation together/],
  ["--lora-rank=4", /--lora-rank 0 without a base/],
  ["--preset=compcat", /--preset to be one of/],
])("speaks of options as they are typed: %s", async (option, expected) => {
  const attempt = readTrainArguments([option]);
  await expect(attempt).rejects.toMatchObject({ code: "BAD_CONFIG" });
  await expect(attempt).rejects.toThrow(expected);
});

it("speaks of a key of the file as it stands there, unless an option replaced it", async () => {
  const path = join(folder, "config.json");
  writeFileSync(path, JSON.stringify({ learningRate: 20, warmUp: 3 }));
  await expect(readTrainArguments(["--config", path])).rejects.toThrow(/ learningRate: .* warmUp: /);
  await expect(readTrainArguments(["--config", path, "--warm-up=4"])).rejects.toThrow(
    / learningRate: .* --warm-up: .*, got 4\./,
  );
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { writeCheckpoint } from "../run/checkpoint.js";
import { describeConfig } from "../run/run-position.js";
import { createConfig } from "./config.js";
import { readTrainArguments } from "./read-arguments.js";

let out = "";
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "btp-resumed-"));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

const first = {
  base: "gpt2",
  preset: "lora",
  loraRank: 4,
  loraBlocks: 2,
  train: "train.csv",
  validation: "validation.csv",
  labels: "bad=1,fine=0",
  learningRate: 3e-5,
  cache: false,
  overwrite: true,
};

async function writeRecord(values: Record<string, unknown>): Promise<void> {
  const config = describeConfig(createConfig(values));
  await writeCheckpoint(join(out, "checkpoint"), {
    identity: { config, trainData: "a", validationData: "b", startWeights: "c", engine: "jit" },
    position: { step: 1, bestStep: 0 },
    state: { parameters: {}, first: {}, second: {}, accumulated: {}, average: {} },
    best: undefined,
  });
}

const resume = (...more: string[]) => readTrainArguments(["--resume", "--out", out, ...more]);

it("takes every value from the checkpoint, files by their absolute paths", async () => {
  await writeRecord(first);
  expect(await resume()).toEqual({
    ...createConfig(first),
    train: resolve("train.csv"),
    validation: resolve("validation.csv"),
    logs: resolve("logs"),
    out,
    resume: true,
    overwrite: false,
  });
});

it("takes again what was given the first time, and other values where they change no bit", async () => {
  await writeRecord(first);
  const same = ["--base", "gpt2", "--preset", "lora", "--lora-rank", "4", "--lora-blocks", "2", "--no-cache"];
  const config = await resume(...same, "--learning-rate", "3e-5", "--threads", "3", "--train", "moved.csv");
  expect(config).toMatchObject({ loraRank: 4, threads: 3, train: "moved.csv" });
});

it.each([
  [["--seed", "9"], "--seed was 1 and is 9"],
  [["--lora-blocks", "all", "--cache"], "--lora-blocks was 2 and is all; --cache was false and is true"],
  [["--preset", "lora"], "--lora-rank was 4 and is 8"],
  [["--delimiter", "tab"], "--delimiter was (not given) and is tab"],
])("refuses %j by name", async (more, message) => {
  await writeRecord(first);
  const attempt = resume(...more);
  await expect(attempt).rejects.toMatchObject({ code: "CHECKPOINT_MISMATCH" });
  await expect(attempt).rejects.toThrow(message);
});

it("leaves it to the run to say that there is nothing to resume", async () => {
  expect(await resume()).toMatchObject({ resume: true, out });
});

it("finds a base by its path from another working directory", async () => {
  const base = relative(process.cwd(), out);
  await writeRecord({ ...first, base });
  expect(await resume()).toMatchObject({ base: out });
  // As typed the first time, or where it lies now: whether the weights are the same is seen when they are read.
  expect(await resume("--base", base)).toMatchObject({ base });
  expect(await resume("--base", "moved/folder")).toMatchObject({ base: "moved/folder" });
  await expect(resume("--base", "gpt2")).rejects.toThrow(`--base was ${out} and is gpt2`);
});

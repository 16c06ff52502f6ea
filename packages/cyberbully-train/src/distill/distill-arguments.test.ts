import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeCheckpoint } from "../run/checkpoint.js";
import { writeToyRecipe } from "../testing/toy-teacher.js";
import { describeDistillOptions, distillOptions, readDistillArguments } from "./distill-arguments.js";

let folder = "";
let file = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "btp-arguments-"));
  file = join(folder, "recipe.json");
  writeFileSync(file, JSON.stringify(await writeToyRecipe(folder)));
  writeFileSync(join(folder, "broken.json"), "{");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (...more: string[]) => readDistillArguments(["--recipe", file, "--out", "models/x", ...more]);

describe("readDistillArguments", () => {
  it("reads the recipe, with another seed where one is given", async () => {
    expect((await read())?.recipe.seed).toBe(7);
    expect(await read("--seed=9", "--resume", "--max-updates", "3")).toMatchObject({
      recipe: { seed: 9 },
      resume: true,
      overwrite: false,
      maxUpdates: 3,
      engine: "auto",
      checkpointSeconds: 120,
    });
  });

  it("finds data: and teacher: in the folders that were named, other files beside the recipe", async () => {
    const parsed = await read("--data", "/d", "--teacher", "/t");
    expect(
      ["data:a/b.csv", "teacher:s.safetensors", "own.csv"].map((path) => parsed?.resolvePath(path)),
    ).toEqual(["/d/a/b.csv", "/t/s.safetensors", join(folder, "own.csv")]);
    const bare = await read();
    expect(() => bare?.resolvePath("teacher:s")).toThrow("Expected --teacher DIR");
  });

  it("goes on from what the checkpoint recorded, with paths that hold from anywhere", async () => {
    const first = await read("--seed=9", "--max-updates", "3", "--data", "texts", "--logs", "mine");
    expect(first?.request).toEqual({
      recipe: file,
      seed: "9",
      "max-updates": "3",
      data: resolve("texts"),
      logs: resolve("mine"),
    });
    const out = join(folder, "stopped");
    await writeCheckpoint(join(out, "checkpoint"), {
      identity: { config: {}, trainData: "a", validationData: "b", startWeights: "c", engine: "jit" },
      request: first?.request,
      position: { step: 1, bestStep: 0 },
      state: { parameters: {}, first: {}, second: {}, accumulated: {}, average: {} },
      best: undefined,
    });
    const resumed = await readDistillArguments(["--resume", "--out", out, "--threads", "2"]);
    expect(resumed).toMatchObject({
      recipe: { seed: 9 },
      maxUpdates: 3,
      logs: resolve("mine"),
      threads: 2,
      out,
    });
    expect(resumed?.resolvePath("data:a.csv")).toBe(resolve("texts/a.csv"));
    const nothing = readDistillArguments(["--resume", "--out", join(folder, "none")]);
    await expect(nothing).rejects.toMatchObject({ code: "NO_CHECKPOINT" });
  });

  it.each([
    [["--sead", "3"], "BAD_OPTION", "Did you mean --seed?"],
    [["--seed", "one"], "BAD_OPTION", "Expected a number after --seed"],
    [["--resume=maybe"], "BAD_OPTION", "true or false"],
    [["--seed", "-1"], "BAD_OPTION", "whole number from 0 after --seed"],
    [["--max-updates", "0"], "BAD_OPTION", "whole number from 1"],
    [["--threads"], "BAD_OPTION", "Expected a value after --threads"],
    [["--engine", "abacus"], "BAD_OPTION", "one of auto, jit"],
    [["recipe.json"], "BAD_OPTION", "an argument at position 5"],
  ])("refuses %j", async (more, code, message) => {
    const parsing = read(...more);
    await expect(parsing).rejects.toMatchObject({ code });
    await expect(parsing).rejects.toThrow(message);
  });

  it("refuses recipes that are missing or no JSON, and says what is needed", async () => {
    await expect(readDistillArguments([])).rejects.toThrow("Expected --recipe");
    await expect(readDistillArguments(["--recipe", file])).rejects.toThrow("Expected --out");
    for (const name of ["none.json", "broken.json"])
      await expect(
        readDistillArguments(["--recipe", join(folder, name), "--out", "x"]),
      ).rejects.toMatchObject({
        code: "BAD_CONFIG",
      });
  });

  it("has help for every option", async () => {
    expect(await readDistillArguments(["--help"])).toBeUndefined();
    for (const { flag } of distillOptions)
      expect(describeDistillOptions()).toMatch(new RegExp(`--(\\[no-\\])?${flag} `));
  });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

  it.each([
    [["--sead", "3"], "BAD_OPTION", "Did you mean --seed?"],
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
    for (const { flag } of distillOptions) expect(describeDistillOptions()).toContain(`--${flag} `);
  });
});

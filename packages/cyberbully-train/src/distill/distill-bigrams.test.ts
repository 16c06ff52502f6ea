/** A table of hashed tokens and pairs, learned by distillation. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readArtifact } from "@btp/detector";
import { afterEach, beforeEach, expect, it } from "vitest";
import { writeToyRecipe } from "../testing/toy-teacher.js";
import { distillDetector } from "./distill-detector.js";
import { parseRecipe } from "./recipe.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "btp-distill-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function distill(name: string, recipe: Record<string, unknown>, maxUpdates?: number) {
  return distillDetector(parseRecipe(recipe), {
    out: join(folder, name),
    logs: join(folder, "logs"),
    resolvePath: (path) => resolve(folder, path),
    engine: "tfjs-cpu",
    ...(maxUpdates === undefined ? {} : { maxUpdates }),
  });
}

it("is learned on top of a detector without one too, and is not left behind", async () => {
  const toy: Record<string, unknown> = await writeToyRecipe(folder);
  const { vocabulary: _counted, ...rest } = toy;
  const { phases, model } = toy as { phases: object[]; model: object };
  await distill("deep", toy, 1);
  const wide = { ...rest, start: "deep", model: { ...model, bigramBuckets: 512 }, precision: "float32" };
  const detector = await distill("wide", { ...wide, phases: [phases.at(-1)] });
  expect(detector.evaluations.own?.metrics.rocAuc.value).toBeGreaterThan(0.75);
  const { architecture, params } = await readArtifact(join(folder, "wide"));
  expect(architecture.bigramBuckets).toBe(512);
  expect(params.bigrams?.shape).toEqual([512, 2]);
  expect(params.bigrams?.data.some((value) => value !== 0)).toBe(true);
  expect(readFileSync(join(folder, "wide", "README.md"), "utf8")).toContain("a table of 512 rows");
  // A phase without decision needs none.
  const further = { ...wide, start: "wide", phases: [phases[1], phases.at(-1)] };
  await expect(distill("further", further, 1)).resolves.toBeDefined();
  await expect(distill("narrow", { ...further, model })).rejects.toThrow(
    "bigramBuckets none was asked for, 512 is there",
  );
}, 120_000);

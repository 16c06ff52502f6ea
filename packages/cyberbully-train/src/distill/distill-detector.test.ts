/** Whole distillations of a toy model, from files to a detector directory, stopped and gone on with. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { loadDetector, readArtifact } from "@btp/detector";
import { expectClose } from "@btp/test-kit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeToyCsv, writeToyRecipe, writeToyScores } from "../testing/toy-teacher.js";
import { type DistillOptions, distillDetector } from "./distill-detector.js";
import { parseRecipe } from "./recipe.js";

let folder = "";
let recipe: Record<string, unknown> = {};
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "btp-distill-"));
  recipe = await writeToyRecipe(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function distill(name: string, options: Partial<DistillOptions> = {}) {
  return distillDetector(parseRecipe(recipe), {
    out: join(folder, name),
    logs: join(folder, "logs"),
    resolvePath: (path) => resolve(folder, path),
    engine: "tfjs-cpu",
    ...options,
  });
}

/** Goes on as often as it is stopped after so many further updates. */
async function distillInPieces(name: string, updates: number): Promise<number> {
  for (let pieces = 1; ; pieces++) {
    const stop = new AbortController();
    let left = updates;
    const run = distill(name, {
      resume: pieces > 1,
      signal: stop.signal,
      onProgress: (event) => {
        if (event.kind === "update" && --left === 0) stop.abort();
      },
    });
    const error = await run.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) return pieces;
    expect(error).toMatchObject({ code: "INTERRUPTED" });
  }
}

const bytesOf = (name: string, file: string): Buffer => readFileSync(join(folder, name, file));

/** The log without what differs between any two runs: clock and speed. */
function logged(name: string): unknown[] {
  return readFileSync(join(folder, "logs", `${name}.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => {
      const { time: _time, tokensPerSecond: _speed, ...rest } = JSON.parse(line);
      return rest;
    });
}

describe("distillDetector", () => {
  it("learns in phases and writes a detector that reads texts as it was trained", async () => {
    const detector = await distill("whole");
    // 60 texts generalise a little: 20 of chance alone would give 0.5, with a standard deviation of 0.13.
    expect(detector.evaluations.own?.metrics.rocAuc.value).toBeGreaterThan(0.75);
    const losses = logged("whole").filter((entry) => (entry as { event?: string }).event === "evaluation");
    expect(losses).toMatchObject([
      { phase: "language", sets: {}, losses: { languageModel: expect.any(Number), hard: 0 } },
      { phase: "vectors", sets: {} },
      ...[3, 4, 5, 6].map((epoch) => ({ phase: "decision", epoch, sets: { own: {} } })),
    ]);
    const artifact = await readArtifact(join(folder, "whole"));
    expect(artifact).toMatchObject({ normalise: true, precision: "int8", threshold: detector.threshold });
    const loaded = await loadDetector(join(folder, "whole"), { engine: "tfjs-cpu" });
    const [nasty, shouted, lovely] = await loaded.detect([
      "we met nasty",
      "WE MET  NA\u200bSTY",
      "we met lovely",
    ]);
    expect(shouted?.score).toBe(nasty?.score);
    expect(nasty!.score).toBeGreaterThan(lovely!.score);
    await loaded.dispose();
    const card = bytesOf("whole", "README.md").toString();
    expect(card).toContain("| decision | hard 0.3, soft 0.7, vectors 0.5 | own (1.5), lines | 4 | 0.03 |");
    expect(JSON.parse(bytesOf("whole", "run.json").toString())).toMatchObject({ trial: false });
  }, 120_000);

  it("tells of each kind of message in card and figures", async () => {
    const { validation } = recipe as { validation: { sets: Record<string, object> } };
    const rows = Array.from(
      { length: 12 },
      (_, i) => `we met ${i % 4 < 2 ? "nasty" : "lovely"} ${i},${i % 2},kind|${i % 3}`,
    );
    writeFileSync(join(folder, "kinds.csv"), `Text,Label,Kind\n${rows.join("\n")}\n`);
    const sets = { ...validation.sets, kinds: { file: "kinds.csv", groupColumn: "Kind", shownMistakes: 2 } };
    recipe = { ...recipe, validation: { ...validation, sets }, card: { limits: "- It knows twelve words." } };
    await distill("kinds", { maxUpdates: 1 });
    const card = bytesOf("kinds", "README.md").toString();
    expect(card).toMatch(/### By kind of message: kinds\n[\s\S]*\| kind 0 \| 4 \| 50 % \|/);
    const failures = /### Known failures: kinds\n[^#]*/.exec(card)?.[0].match(/^\| we met .*$/gm);
    // Both words have both labels, so some of the twelve are wrong whatever it learns; own texts are never shown.
    expect(failures).toHaveLength(2);
    expect(failures?.[0]).toMatch(/^\| we met (nasty|lovely) \d+ \| (cyberbullying|harmless) \| 0\.\d\d \|$/);
    expect(card).not.toContain("Known failures: own");
    expect(card).toContain("\n- It knows twelve words.\n- It is made for English.");
    const metrics = JSON.parse(bytesOf("kinds", "metrics.json").toString());
    expect(metrics.kinds.groups.map(({ messages }: { messages: number }) => messages)).toEqual([4, 4, 4]);
    expect(metrics.own.groups).toBeUndefined();
  }, 120_000);

  it("warns where two messages cannot tell a temperature", async () => {
    const { validation } = recipe as { validation: { sets: Record<string, object> } };
    writeFileSync(join(folder, "pair.csv"), "Text,Label\nwe met nasty,0\nwe met lovely,0\n");
    const sets = { ...validation.sets, pair: { file: "pair.csv" } };
    recipe = { ...recipe, validation: { ...validation, sets, calibrateOn: "pair" } };
    const { warnings } = await distill("pair", { maxUpdates: 1 });
    expect(warnings).toEqual([
      expect.stringMatching(/^Scores are not calibrated, .*2 validation messages are too few/),
    ]);
    expect(JSON.parse(bytesOf("pair", "metrics.json").toString()).pair.warnings).toEqual(warnings);
    const card = bytesOf("pair", "README.md").toString();
    expect(card).toContain(`**${warnings[0]}**`);
    expect(card).toContain("A GPT of 1 block, 8 wide, 2 heads, that");
  }, 120_000);

  it("goes on from a detector made before: its weights, its vocabulary, and no other shape", async () => {
    await distill("first");
    const { phases, vocabulary: _counted, ...rest } = recipe as { phases: object[]; vocabulary?: object };
    const still = { ...phases.at(-1), epochs: 1, learningRate: 1e-12, averageWeights: 0, tokenDropout: 0 };
    recipe = { ...rest, start: "first", phases: [still], precision: "float32", seed: 8 };
    const [first, next] = [await distill("next"), await readArtifact(join(folder, "next"))];
    const before = await readArtifact(join(folder, "first"));
    expect(next.keptTokenIds).toEqual(before.keptTokenIds);
    // Steps this small leave what was begun with, but for what was zero.
    expectClose(next.params.gpt.tokenEmbedding.data, before.params.gpt.tokenEmbedding.data, 1e-9);
    expect(first.evaluations.own?.metrics.rocAuc.value).toBeGreaterThan(0.75);
    expect(bytesOf("next", "README.md").toString()).toContain(
      `It went on from the detector first (model.safetensors has sha256 ${before.sha256}).`,
    );
    recipe = { ...recipe, model: { ...(recipe as { model: object }).model, numHeads: 1 } };
    await expect(distill("shape")).rejects.toMatchObject({ code: "BAD_BASE" });
    recipe = { ...recipe, vocabulary: { minCount: 2 } };
    expect(() => parseRecipe(recipe)).toThrow("expected none beside start");
  }, 120_000);

  it("gives the bits of the undisturbed run when it is stopped again and again", async () => {
    await distill("whole");
    expect(await distillInPieces("pieces", 13)).toBeGreaterThan(3);
    expect(bytesOf("pieces", "model.safetensors").equals(bytesOf("whole", "model.safetensors"))).toBe(true);
    expect(bytesOf("pieces", "config.json").equals(bytesOf("whole", "config.json"))).toBe(true);
    expect(logged("pieces")).toEqual(logged("whole"));
  }, 240_000);

  it("refuses to go on with another recipe or other scores, and to overwrite by accident", async () => {
    const stop = new AbortController();
    const first = distill("other", {
      signal: stop.signal,
      onProgress: ({ kind }) => kind === "update" && stop.abort(),
    });
    await expect(first).rejects.toMatchObject({ code: "INTERRUPTED" });
    await expect(distill("other")).rejects.toMatchObject({ code: "OUTPUT_EXISTS" });
    recipe = { ...recipe, seed: 8 };
    await expect(distill("other", { resume: true })).rejects.toThrow("seed was 7 and is 8");
    recipe = { ...recipe, seed: 7 };
    const sha256 = writeToyCsv(join(folder, "texts.csv"), 60, 1);
    await writeToyScores(join(folder, "scores.safetensors"), new Float32Array(60), sha256);
    await expect(distill("other", { resume: true })).rejects.toThrow("the training messages are others");
    await expect(distill("nothing", { resume: true })).rejects.toMatchObject({ code: "NO_CHECKPOINT" });
  }, 120_000);

  it.each([
    [
      "of other texts",
      async () => writeToyCsv(join(folder, "texts.csv"), 60, 9),
      "belongs to another text file",
    ],
    [
      "without a digest",
      () => writeToyScores(join(folder, "scores.safetensors"), new Float32Array(60)),
      "names no texts_sha256",
    ],
    [
      "for too few texts",
      () => {
        const sha256 = writeToyCsv(join(folder, "texts.csv"), 60, 1);
        return writeToyScores(join(folder, "scores.safetensors"), new Float32Array(59), sha256);
      },
      "Expected a teacher's row for each of the 60 texts",
    ],
    [
      "that are not numbers",
      () => {
        const sha256 = writeToyCsv(join(folder, "texts.csv"), 60, 1);
        const scores = new Float32Array(60).fill(Number.NaN);
        return writeToyScores(join(folder, "scores.safetensors"), scores, sha256);
      },
      "not a finite number",
    ],
  ])("refuses scores %s", async (_, spoil, message) => {
    await spoil();
    const run = distill("refused");
    await expect(run).rejects.toMatchObject({ code: "BAD_TEACHER_FILE" });
    await expect(run).rejects.toThrow(message);
  });

  it("takes a part of a file's rows with the teacher's rows for them", async () => {
    const { own, lines } = recipe.sources as Record<string, object>;
    recipe = { ...recipe, sources: { own: { ...own, rows: [10, 40] }, lines } };
    const notes: string[] = [];
    await distill("part", {
      maxUpdates: 1,
      onProgress: (event) => event.kind === "note" && notes.push(event.text),
    });
    expect(notes).toContain("own: 30 texts, 50.0 % cyberbullying, scores, vectors of 6.");
    recipe = { ...recipe, sources: { own: { ...own, rows: [10, 61] }, lines } };
    await expect(distill("beyond")).rejects.toMatchObject({ code: "BAD_DATA" });
  }, 120_000);
});

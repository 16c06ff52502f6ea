import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTokenizer, initialiseClassifier, singleByteIds } from "@btp/core-gpt";
import { createEngine, type Engine } from "@btp/tfjs-jit";
import { loadGpt2 } from "@btp/weights-gpt2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeArtifact } from "./artifact/write.js";
import type { Detector } from "./detection.js";
import { loadDetector } from "./load.js";
import { tinyArtifact } from "./testing/tiny-detector.js";
import { maxMessageLength } from "./tokenize.js";

const texts = [
  "You are so stupid!",
  "have a lovely day, everyone",
  "",
  "a",
  "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen",
  "\u{1f600} \u{1f600}\u200d ok",
  "line one\nline two",
];

let folder: string;
let engine: Engine;
let detector: Detector;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "btp-detector-"));
  // Weights ten times as large as a fresh model's, so that scores differ enough between messages to notice a mix-up.
  const artifact = tinyArtifact({ threshold: 0.45, temperature: 1.3 });
  for (const value of artifact.params.head.weight.data.keys())
    artifact.params.head.weight.data[value]! *= 100;
  await writeArtifact(join(folder, "tiny"), artifact);
  engine = await createEngine("tfjs-cpu");
  detector = await loadDetector(join(folder, "tiny"), { engine });
});
afterAll(async () => {
  await detector.dispose();
  await engine.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe("detect", () => {
  it("gives each message the same numbers alone and in any company", async () => {
    const together = await detector.detect(texts);
    const backwards = (await detector.detect(texts.toReversed())).toReversed();
    const scores = new Set<number>();
    for (const [i, text] of texts.entries()) {
      const [alone] = await detector.detect([text]);
      // 1e-5: the contract; float32 sums run in another order when rows are padded.
      expect(Math.abs(alone!.score - together[i]!.score)).toBeLessThan(1e-5);
      expect(Math.abs(alone!.score - backwards[i]!.score)).toBeLessThan(1e-5);
      expect({ ...alone, score: 0, confidence: 0 }).toEqual({ ...together[i], score: 0, confidence: 0 });
      scores.add(Math.round(alone!.score * 1e4));
    }
    expect(scores.size, "messages must differ for this test to mean anything").toBeGreaterThan(4);
  });

  it("keeps the order over many batches", async () => {
    const limited = await loadDetector(join(folder, "tiny"), {
      engine,
      batchLimits: { maxTokens: 20, maxRows: 2 },
    });
    const many = Array.from({ length: 40 }, (_, i) => texts[i % texts.length]!);
    const detections = await limited.detect(many);
    const expected = await detector.detect(texts);
    for (const [i, detection] of detections.entries()) {
      expect(Math.abs(detection.score - expected[i % texts.length]!.score)).toBeLessThan(1e-5);
    }
    await limited.dispose();
  });

  it("decides by the detector's threshold, or by the one it is given", async () => {
    const [own] = await detector.detect(["a"]);
    expect(own).toMatchObject({ threshold: 0.45, isCyberbullying: own!.score >= 0.45 });
    const [low] = await detector.detect(["a"], { threshold: 0 });
    expect(low).toMatchObject({
      threshold: 0,
      isCyberbullying: true,
      label: "cyberbullying",
      score: own!.score,
    });
    const [high] = await detector.detect(["a"], { threshold: 1 });
    expect(high).toMatchObject({ threshold: 1, isCyberbullying: false, label: "not cyberbullying" });
  });

  it("tells the tokens of the whole message and that it read only the first ones", async () => {
    const long = "word ".repeat(50);
    const [detection, cut] = await detector.detect([long, "word ".repeat(15).trim()]);
    expect(detection).toMatchObject({ truncated: true });
    expect(detection!.tokens).toBeGreaterThan(50);
    expect(cut).toMatchObject({ truncated: false, tokens: 15 });
  });

  it("answers an empty list", async () => {
    expect(await detector.detect([])).toEqual([]);
  });

  it.each([undefined, 0])(
    "never calls a message that says nothing cyberbullying (threshold %s)",
    async (threshold) => {
      const nothing = ["", " \t\n", "\u200b\u2800", "\u3164".repeat(50)];
      const options = threshold === undefined ? {} : { threshold };
      const found = await detector.detect([...nothing, "a", ""], options);
      const [alone] = await detector.detect(["a"], options);
      const empty = {
        label: "not cyberbullying",
        isCyberbullying: false,
        confidence: 1,
        score: 0,
        threshold: threshold ?? 0.45,
        tokens: 0,
        truncated: false,
      };
      expect(found).toEqual([...nothing.map(() => empty), alone, empty]);
    },
  );

  it("reads a message of a million characters", async () => {
    const [detection] = await detector.detect(["a".repeat(1_000_000)]);
    expect(detection).toMatchObject({ truncated: true });
    expect(detection!.tokens).toBeGreaterThan(1000);
  });

  it("gives calls that overlap their own answers", async () => {
    const expected = await detector.detect(texts);
    const all = await Promise.all(texts.map((text) => detector.detect([text])));
    for (const [i, [detection]] of all.entries()) {
      expect(Math.abs(detection!.score - expected[i]!.score)).toBeLessThan(1e-5);
    }
  });

  it.each([Number.NaN, -1, 1.01])("refuses the threshold %s", async (threshold) => {
    await expect(detector.detect(["a"], { threshold })).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("refuses what is no list of messages, without repeating any of it", async () => {
    const secret = "canary-7f3a";
    const wrong: unknown[] = [secret, [secret, 5], [null], [secret.repeat(maxMessageLength / 10)]];
    for (const value of wrong) {
      // @ts-expect-error plain JavaScript callers can pass anything
      const error: unknown = await detector.detect(value).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "INPUT_INVALID" });
      expect(String(error)).not.toContain(secret);
    }
  });
});

describe("compiled", () => {
  it("gives the numbers that eager TensorFlow.js gives, in any company", async () => {
    const compiled = await loadDetector(join(folder, "tiny"), { engine: "jit", threads: 2 });
    expect(compiled.info.engine).toBe("jit");
    const expected = await detector.detect(texts);
    const together = await compiled.detect(texts);
    for (const [i, text] of texts.entries()) {
      const [alone] = await compiled.detect([text]);
      // 1e-5: the contract, between engines as between batches.
      expect(Math.abs(alone!.score - expected[i]!.score)).toBeLessThan(1e-5);
      expect(Math.abs(together[i]!.score - expected[i]!.score)).toBeLessThan(1e-5);
    }
    await compiled.dispose();
  });
});

describe("a loaded detector", () => {
  it("says what it is", () => {
    expect(detector.info).toMatchObject({
      name: "tiny",
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      maxLength: 16,
      threshold: 0.45,
      temperature: 1.3,
      engine: "tfjs-cpu",
      // (50257 + 16) * 8 embeddings, 2 blocks of 12 * 8 * 8 + 13 * 8, final norm 16, head 18
      parameters: 402_184 + 2 * 872 + 16 + 18,
    });
  });

  it("finishes what is running before it is disposed, and refuses what comes later", async () => {
    const short = await loadDetector(join(folder, "tiny"), { engine });
    const running = short.detect(texts);
    await Promise.all([short.dispose(), short.dispose()]);
    expect(await running).toHaveLength(texts.length);
    await expect(short.detect(["a"])).rejects.toMatchObject({ code: "DISPOSED" });
  });

  it("is refused where the weights are not a number", async () => {
    const artifact = tinyArtifact();
    artifact.params.head.bias.data[0] = Number.NaN;
    await writeArtifact(join(folder, "broken"), artifact);
    const broken = await loadDetector(join(folder, "broken"), { engine });
    await expect(broken.detect(["a"])).rejects.toMatchObject({ code: "OUTPUT_NOT_FINITE" });
    await broken.dispose();
  });

  it("reads with a restricted vocabulary, losing no text", async () => {
    const keptTokenIds = Int32Array.from(singleByteIds(await createTokenizer()));
    const architecture = { ...tinyArtifact().architecture, vocabSize: 256 };
    await writeArtifact(join(folder, "bytes"), tinyArtifact({ architecture, keptTokenIds }));
    const bytes = await loadDetector(join(folder, "bytes"), { engine });
    const detections = await bytes.detect(["stupid", "d\u00e9j\u00e0"]);
    expect(detections.map(({ tokens }) => tokens)).toEqual([6, 6]);
    await bytes.dispose();
  });

  it("reads texts normalised where it was trained so", async () => {
    const keptTokenIds = Int32Array.from(singleByteIds(await createTokenizer()));
    const architecture = { ...tinyArtifact().architecture, vocabSize: 256 };
    await writeArtifact(
      join(folder, "normalising"),
      tinyArtifact({ architecture, keptTokenIds, normalise: true }),
    );
    const normalising = await loadDetector(join(folder, "normalising"), { engine });
    const [shouted, plain, nothing] = await normalising.detect([
      "@Ann GO\u200b AWAY",
      "@user go away",
      "&nbsp;",
    ]);
    expect(shouted).toEqual(plain);
    // Nothing is left of it, though it shows: no tokens.
    expect(nothing).toMatchObject({ isCyberbullying: false, score: 0, tokens: 0 });
    await normalising.dispose();
  });

  it("finds a delta's base at a path, and says how to get one that is not there", async () => {
    const base = fileURLToPath(new URL("../../weights-gpt2/goldens/one-head", import.meta.url));
    const { config, params: gpt } = await loadGpt2(base);
    const keptTokenIds = Int32Array.from({ length: config.vocabSize }, (_, i) => i);
    const params = { gpt, head: initialiseClassifier(config, { seed: 1 }).head };
    const artifact = tinyArtifact({ architecture: config, params, keptTokenIds, maxLength: 4 });
    const delta = (name: string) =>
      writeArtifact(join(folder, "delta"), artifact, { base: { name, isTrained: () => false } });
    await delta("no-such-base");
    await expect(loadDetector(join(folder, "delta"), { engine })).rejects.toMatchObject({
      code: "BASE_NOT_FOUND",
    });
    await delta(base);
    // The base is found and fits; its vocabulary of 11 ids is no text's.
    await expect(loadDetector(join(folder, "delta"), { engine })).rejects.toThrow("256 single bytes");
  });

  it("is refused where the kept tokens are no vocabulary", async () => {
    const architecture = { ...tinyArtifact().architecture, vocabSize: 2 };
    const keptTokenIds = Int32Array.of(5, 4);
    await writeArtifact(join(folder, "kept"), tinyArtifact({ architecture, keptTokenIds }));
    await expect(loadDetector(join(folder, "kept"), { engine })).rejects.toMatchObject({
      code: "WEIGHTS_INVALID",
    });
  });

  it("is refused where the vocabulary is not the tokenizer's", async () => {
    const architecture = { ...tinyArtifact().architecture, vocabSize: 100 };
    await writeArtifact(join(folder, "vocabulary"), tinyArtifact({ architecture }));
    await expect(loadDetector(join(folder, "vocabulary"), { engine })).rejects.toMatchObject({
      code: "WEIGHTS_INVALID",
    });
  });
});

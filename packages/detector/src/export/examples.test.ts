/** The examples in JavaScript and Python, which have no package of BTP behind them, against the detector. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createTokenizer,
  type GptConfig,
  initialiseClassifier,
  normaliseText,
  singleByteIds,
} from "@btp/core-gpt";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeArtifact } from "../artifact/write.js";
import { loadDetector } from "../load.js";
import { exportDetector } from "./export-detector.js";

const examples = fileURLToPath(new URL("../../../../examples", import.meta.url));

/** What the rules of normalisation are about, whole and in halves. */
const parts = [
  ..."aaAAIxé \u00a0\t\n`´“”–’@_&;#\\!!😀ſKﬁ①İΣΣ",
  ..."\u0000\u001c\u007f\u00ad\u200b\u202e\ufe0f\ufeff\u3000\u2028\u0301\u0316",
  ...[
    "\ud83d",
    "\\ud83d",
    "\\ude00",
    "&amp;",
    "&amp;#39;",
    "&#x1F600;",
    "&#9999999;",
    "&#55357;",
    "&#56832;",
    "&lt;",
  ],
  ...[
    "&nope;",
    "&eacute;",
    "\\n",
    "\\xe9",
    "https://t.co/A?b",
    "HTTP://",
    "www.x",
    "@Some_1",
    "\u0301".repeat(40),
  ],
];
const oddTexts = fc
  .sample(fc.array(fc.constantFrom(...parts), { maxLength: 12 }), { numRuns: 400, seed: 1 })
  .map((some) => some.join(""));
const texts = [
  "You are so stupid!",
  "",
  " \u200b",
  "\ud800",
  "&nbsp;",
  "Tom &amp;amp; Ann: LOOOOOSER @bob https://t.co/x “don’t” \\ud83d\\ude00 <|endoftext|>",
  "more words than the model reads, and those in the middle of the vocabulary: extraordinarily, counterproductive",
  ...oddTexts.slice(0, 50),
];

let dir: string;
const wanted: Record<string, number[]> = {};
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "btp-examples-"));
  const tokenizer = await createTokenizer();
  const few = new Set([...singleByteIds(tokenizer), ...Array.from({ length: 1000 }, (_, i) => 300 + 7 * i)]);
  const keptTokenIds = Int32Array.from(few).sort();
  for (const [name, kept] of [
    ["small", keptTokenIds],
    ["whole", undefined],
  ] as const) {
    const architecture: GptConfig = {
      vocabSize: kept?.length ?? 50257,
      contextLength: 24,
      width: 8,
      numLayers: 1,
      numHeads: 2,
      layerNormEpsilon: 1e-5,
    };
    const params = initialiseClassifier(architecture, { seed: 5 });
    // Loud, so that another token is another score.
    for (const { data } of [params.gpt.tokenEmbedding, params.head.weight])
      for (const i of data.keys()) data[i] = data[i]! * 30;
    await writeArtifact(join(dir, name), {
      architecture,
      params,
      ...(kept && { keptTokenIds: kept, normalise: true }),
      threshold: 0.4,
      temperature: 1.2,
      maxLength: 24,
    });
    await exportDetector(join(dir, name), join(dir, `${name}.onnx`));
    const detector = await loadDetector(join(dir, name), { engine: "jit" });
    wanted[name] = (await detector.detect(texts)).map(({ score }) => score);
    await detector.dispose();
  }
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function expectScores(name: string, scores: readonly number[]): void {
  expect(scores).toHaveLength(texts.length);
  scores.forEach((score, i) => {
    expect(Math.abs(score - wanted[name]![i]!), `${name}: ${JSON.stringify(texts[i])}`).toBeLessThan(1e-5);
  });
}

describe("examples/node", () => {
  it("gives the detector's scores", async () => {
    const { loadOnnxDetector } = await import(join(examples, "node/detect.mjs"));
    for (const name of ["small", "whole"]) {
      const detector = await loadOnnxDetector(join(dir, `${name}.onnx`));
      const found: { label: string; score: number }[] = await detector.detect(texts);
      expectScores(
        name,
        found.map(({ score }) => score),
      );
      expect(found.map(({ label }) => label === "cyberbullying")).toEqual(wanted[name]!.map((x) => x >= 0.4));
    }
  });

  it("normalises as core-gpt does", async () => {
    const { normalise } = await import(join(examples, "node/normalise.mjs"));
    for (const text of oddTexts) expect(normalise(text), JSON.stringify(text)).toBe(normaliseText(text));
  });
});

/** BTP_PYTHON names a Python that has the modules. tiktoken gets GPT-2's tokens from js-tiktoken: no internet here. */
const python = process.env.BTP_PYTHON ?? "python3";
const modules = spawnSync(python, ["-c", "import numpy, onnxruntime, regex, tiktoken"]);
const program = `
import json, sys
asked = json.load(sys.stdin)
sys.path.insert(0, asked["folder"])
import tiktoken
from detect import Detector
from normalise import normalise
ranks = {bytes.fromhex(token): rank for rank, token in enumerate(asked["tokens"])}
pattern = r"""'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s"""
encoding = tiktoken.Encoding("gpt2", pat_str=pattern, mergeable_ranks=ranks, special_tokens={"<|endoftext|>": 50256})
scores = {name: Detector(path, encoding).scores(asked["texts"]) for name, path in asked["models"].items()}
json.dump({"scores": scores, "normalised": [normalise(text) for text in asked["odd"]]}, sys.stdout)
`;

describe.skipIf(modules.status !== 0)(
  `examples/python (skipped without onnxruntime, numpy and tiktoken in ${python})`,
  () => {
    it("gives the detector's scores and normalises as core-gpt does", async () => {
      const tokenizer = await createTokenizer();
      const input = JSON.stringify({
        folder: join(examples, "python"),
        tokens: Array.from({ length: 50256 }, (_, id) =>
          Buffer.from(tokenizer.tokenBytes(id)).toString("hex"),
        ),
        models: Object.fromEntries(Object.keys(wanted).map((name) => [name, join(dir, `${name}.onnx`)])),
        texts,
        odd: oddTexts,
      });
      const { stdout, stderr, status } = spawnSync(python, ["-B", "-c", program], {
        input,
        encoding: "utf8",
      });
      expect(status, stderr).toBe(0);
      const { scores, normalised } = JSON.parse(stdout);
      expect(normalised).toEqual(oddTexts.map(normaliseText));
      for (const name of Object.keys(wanted)) expectScores(name, scores[name]);
    });
  },
);

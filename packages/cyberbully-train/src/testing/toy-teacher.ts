/** For tests: a small recipe with made-up messages, scores and vectors in a folder. Not exported by the package. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "@btp/core-gpt";
import { writeSafetensors } from "@btp/weights-gpt2";

const words = ["we", "met", "at", "the", "station", "and", "talked", "about", "music", "all", "day"];

/** One word decides the label, so that a few updates suffice to learn something. */
function toyMessage(i: number, seed: number): { readonly text: string; readonly label: number } {
  const random = createRandom(seed * 1000 + i);
  const text = Array.from({ length: 1 + (i % 7) }, () => words[Math.floor(random() * words.length)]!);
  return { text: [...text, i % 2 === 1 ? "nasty" : "lovely"].join(" "), label: i % 2 };
}

/** @returns the texts' sha256 */
export function writeToyCsv(path: string, count: number, seed: number): string {
  const rows = Array.from({ length: count }, (_, i) => toyMessage(i, seed));
  const csv = `Text,Label\n${rows.map(({ text, label }) => `${text},${label}`).join("\n")}\n`;
  writeFileSync(path, csv);
  return createHash("sha256").update(csv).digest("hex");
}

export async function writeToyScores(
  path: string,
  scores: Float32Array,
  textsSha256?: string,
): Promise<void> {
  await writeSafetensors(path, [{ name: "scores", dtype: "F32", shape: [scores.length], data: scores }], {
    ...(textsSha256 !== undefined && { metadata: { texts_sha256: textsSha256 } }),
  });
}

/** The label's direction with some noise. */
export async function writeToyVectors(
  path: string,
  count: number,
  width: number,
  textsSha256: string,
): Promise<void> {
  const random = createRandom(3);
  const data = Float32Array.from({ length: count * width }, (_, k) => {
    const label = Math.floor(k / width) % 2;
    return (k % 2 === label ? 1 : 0) + 0.2 * random();
  });
  await writeSafetensors(path, [{ name: "vectors", dtype: "F16", shape: [count, width], data }], {
    metadata: { texts_sha256: textsSha256 },
  });
}

/** Files texts.csv, lines.txt, validation.csv, scores.safetensors, vectors.safetensors, and the recipe that names them. */
export async function writeToyRecipe(folder: string): Promise<Record<string, unknown>> {
  const count = 60;
  const sha256 = writeToyCsv(join(folder, "texts.csv"), count, 1);
  writeToyCsv(join(folder, "validation.csv"), 20, 2);
  writeFileSync(join(folder, "lines.txt"), "one line\n\nanother LINE @you\n");
  const scores = Float32Array.from({ length: count }, (_, i) => (i % 2 === 1 ? 2 : -2));
  await writeToyScores(join(folder, "scores.safetensors"), scores, sha256);
  await writeToyVectors(join(folder, "vectors.safetensors"), count, 6, sha256);
  const values = { tokensPerBatch: 64, learningRate: 0.01, dropout: 0.1, tokenDropout: 0.1 };
  return {
    name: "toy",
    model: { numLayers: 1, width: 8, numHeads: 2, contextLength: 16 },
    vocabulary: { minCount: 2 },
    normalise: true,
    seed: 7,
    sources: {
      own: { file: "texts.csv", scores: "scores.safetensors", vectors: "vectors.safetensors" },
      lines: { file: "lines.txt" },
    },
    phases: [
      {
        ...values,
        name: "language",
        kind: "pretrain",
        mixture: [{ source: "own" }, { source: "lines", repeat: 2 }],
        epochs: 1,
      },
      { ...values, name: "vectors", mixture: [{ source: "own" }], losses: { vectors: 1 }, epochs: 1 },
      {
        ...values,
        name: "decision",
        mixture: [{ source: "own", repeat: 1.5, augment: 0.2 }, { source: "lines" }],
        losses: { hard: 0.3, soft: 0.7, vectors: 0.5 },
        epochs: 4,
        learningRate: 0.03,
        softTemperature: 2,
        averageWeights: 0.9,
      },
    ],
    validation: { sets: { own: { file: "validation.csv" } }, calibrateOn: "own", fitThreshold: true },
    precision: "int8",
  };
}

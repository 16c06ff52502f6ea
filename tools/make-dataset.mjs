// Writes datasets/synthetic/{train,validation,test}.csv. Needs a build: npx tsc -b && node tools/make-dataset.mjs [seed]
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  generateSynthetic,
  syntheticParts,
} from "../packages/cyberbully-train/dist/data/synthetic/generate.js";
import { writeCsv } from "../packages/cyberbully-train/dist/data/write-csv.js";

const folder = new URL("../datasets/synthetic/", import.meta.url);
const seed = Number(process.argv[2] ?? 2026);
if (!Number.isSafeInteger(seed)) {
  console.error(`Expected a whole number as seed, got ${JSON.stringify(process.argv[2])}.`);
  process.exit(2);
}
await mkdir(folder, { recursive: true });
const sample = generateSynthetic(seed);
for (const part of syntheticParts) {
  const path = fileURLToPath(new URL(`${part}.csv`, folder));
  await writeCsv(path, sample[part]);
  const positive = sample[part].filter(({ label }) => label === 1).length;
  console.log(`${path}: ${sample[part].length} messages, ${positive} cyberbullying`);
}

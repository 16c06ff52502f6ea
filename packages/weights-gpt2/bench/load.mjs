// Loads a checkpoint of the 124M shape with random weights, from both formats, each in a fresh process: seconds, peak
// memory beside the size of the weights, and that both give the same bytes. Asked for in fewer than 3 s.
//   node bench/load.mjs                 makes the weights in a temporary folder (1 GB, removed afterwards)
//   node bench/load.mjs FOLDER          with folders made by tools/goldens/check_124m_against_torch.py: compares logits too
import "../../../tools/bench-help.mjs";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { flattenParams, gptConfigs, initialise } from "@btp/core-gpt";
import { digestParams, loadGpt2, parameterNames, parseSafetensors, writeSafetensors } from "../dist/index.js";

const self = fileURLToPath(import.meta.url);
const REPEATS = 3;

/** Of this process; getrusage's figure would count the parent's memory, which a child shares until it begins. */
function peakBytes() {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"));
  return Number(kilobytes) * 1024;
}

async function loadOnce(path) {
  const before = peakBytes();
  const start = performance.now();
  const { config, params } = await loadGpt2(path);
  const seconds = (performance.now() - start) / 1000;
  const peak = peakBytes() - before;
  const bytes = flattenParams(params).reduce((sum, { value }) => sum + value.data.byteLength, 0);
  console.log(
    JSON.stringify({ seconds, peakRatio: peak / bytes, bytes, digest: digestParams(config, params) }),
  );
}

async function makeWeights(folder) {
  const config = gptConfigs.gpt2;
  const entries = new Map();
  const names = parameterNames(config);
  for (const { path, value } of flattenParams(initialise(config, 1))) entries.set(path, value);
  const start = performance.now();
  const safetensors = join(folder, "model.safetensors");
  await writeSafetensors(
    safetensors,
    [...entries].map(([path, { shape, data }]) => ({
      name: names.get(path).huggingFace,
      dtype: "F32",
      shape,
      data,
    })),
  );
  console.log(
    `wrote 498 MB of safetensors in ${((performance.now() - start) / 1000).toFixed(2)} s (flushed to disk)`,
  );
  const { vocabSize, contextLength, width, numLayers, numHeads } = config;
  const sizes = {
    vocab_size: vocabSize,
    n_positions: contextLength,
    n_embd: width,
    n_layer: numLayers,
    n_head: numHeads,
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify({ model_type: "gpt2", ...sizes }));
  const { encodeCheckpoint, writeCheckpoint } = await import("../dist/testing/checkpoint-writer.js");
  const variables = [...entries].map(([path, { shape, data }]) => {
    const name = names.get(path).openai;
    return {
      name,
      type: 1,
      shape: name.endsWith("/w") ? [1, ...shape] : shape,
      bytes: new Uint8Array(data.buffer),
    };
  });
  const prefix = join(folder, "model.ckpt");
  await writeCheckpoint(prefix, encodeCheckpoint(variables));
  return [safetensors, `${prefix}.index`];
}

async function compareLogits(folder) {
  await import("@tensorflow/tfjs");
  const tf = await import("@tensorflow/tfjs-core");
  const { languageModelLogits, mapParams } = await import("@btp/core-gpt");
  await tf.setBackend("cpu");
  const expected = await parseSafetensors(readFileSync(join(folder, "expected.safetensors")));
  const ids = await expected.read("ids");
  const { config, params } = await loadGpt2(folder);
  const tensors = mapParams(params, ({ shape, data }) => tf.tensor(data, [...shape]));
  const logits = languageModelLogits(
    tensors,
    config,
    tf.tensor(ids.data, [...ids.shape], "int32"),
    tf.range(0, ids.shape[1], 1, "int32"),
  );
  const theirs = (await expected.read("logits")).data;
  const ours = logits.dataSync();
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < theirs.length; i++) {
    worst = Math.max(worst, Math.abs(ours[i] - theirs[i]));
    largest = Math.max(largest, Math.abs(theirs[i]));
  }
  console.log(
    `logits against PyTorch, ${ids.shape.join(" x ")} tokens: differ by ${worst.toExponential(2)} at most, where the largest is ${largest.toFixed(1)}`,
  );
  if (!(ours.length === theirs.length && worst < 1e-4 * Math.max(1, largest))) process.exit(1);
}

async function main() {
  const given = process.argv[2];
  const folder = given ?? mkdtempSync(join(tmpdir(), "btp-bench-load-"));
  try {
    console.log(`Node ${process.version}, ${cpus().length} cores, ${cpus()[0].model}`);
    const paths = given === undefined ? await makeWeights(folder) : [given];
    const digests = new Set();
    for (const path of paths) {
      const runs = Array.from({ length: REPEATS }, () =>
        JSON.parse(execFileSync(process.execPath, [self, "--once", path], { encoding: "utf8" })),
      );
      for (const { digest } of runs) digests.add(digest);
      const seconds = runs.map((run) => run.seconds.toFixed(2)).join(", ");
      const ratio = Math.max(...runs.map((run) => run.peakRatio)).toFixed(2);
      console.log(
        `${path}: ${seconds} s; peak memory ${ratio} times the ${(runs[0].bytes / 1e6).toFixed(0)} MB of weights`,
      );
    }
    if (digests.size !== 1) throw new Error("the forms gave different bytes");
    if (paths.length > 1) console.log(`the forms gave the same bytes (${[...digests][0].slice(0, 12)})`);
    if (given !== undefined) await compareLogits(given);
  } finally {
    if (given === undefined) rmSync(folder, { recursive: true });
  }
}

await (process.argv[2] === "--once" ? loadOnce(process.argv[3]) : main());

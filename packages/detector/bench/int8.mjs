// A detector of GPT-2's 124M shape on this machine, in float32 and in int8: the best time for one message and for 32, the
// processor time it takes (with BTP_THREADS=1 it hardly depends on what else runs here), resident memory, and how far the
// scores are apart; beside it PyTorch, where a Python with torch and transformers is given:
// BTP_PYTHON=path/to/python BTP_THREADS=2 npm run bench -w @btp/detector
// Weights are random: speed does not depend on them. The precisions live in processes of their own and take turns.
import "../../../tools/bench-help.mjs";
import { fork, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gptConfigs, initialiseClassifier } from "@btp/core-gpt";
import { loadDetector, writeArtifact } from "../dist/index.js";

const rounds = 15;
const threads = Number(process.env.BTP_THREADS ?? availableParallelism());
/** 24 tokens: one word is one token here. */
const message = Array.from({ length: 24 }, () => " you")
  .join("")
  .trim();
const sets = { one: [message], many: Array.from({ length: 32 }, () => message) };
const here = fileURLToPath(import.meta.url);

if (process.send) await child();
else await parent();

/** Loads once, then times what it is told to. */
async function child() {
  const [, , dir, precision] = process.argv;
  const notes = [];
  const began = performance.now();
  const detector = await loadDetector(dir, {
    engine: "jit",
    threads,
    precision,
    onNote: (text) => notes.push(text),
  });
  const loadMs = performance.now() - began;
  for (const texts of Object.values(sets)) await detector.detect(texts);
  process.on("message", async (set) => {
    const start = performance.now();
    const cpu = process.cpuUsage();
    await detector.detect(sets[set]);
    const { user, system } = process.cpuUsage(cpu);
    const ms = performance.now() - start;
    process.send({ ms, cpuMs: (user + system) / 1000, rss: process.memoryUsage().rss });
  });
  process.send({ ready: true, loadMs, notes, precision: detector.info.precision });
}

async function parent() {
  const folder = mkdtempSync(join(tmpdir(), "btp-int8-"));
  try {
    const architecture = gptConfigs.gpt2;
    const params = initialiseClassifier(architecture, { seed: 1 });
    await writeArtifact(folder, { architecture, params, threshold: 0.5, temperature: 1, maxLength: 512 });
    console.log(
      `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}, ${threads} threads, load ${loadavg()[0].toFixed(1)}`,
    );
    const workers = {};
    for (const precision of ["fp32", "int8"]) {
      const env = { MALLOC_MMAP_THRESHOLD_: "1048576", ...process.env };
      const worker = fork(here, [folder, precision], { env });
      const { loadMs, notes } = await next(worker);
      console.log(`${precision}: loaded in ${(loadMs / 1000).toFixed(1)} s. ${notes.join(" ")}`);
      workers[precision] = worker;
    }
    const best = { one: {}, many: {} };
    for (let round = 0; round < rounds; round++) {
      for (const set of ["one", "many"]) {
        for (const precision of round % 2 === 0 ? ["fp32", "int8"] : ["int8", "fp32"]) {
          const answer = next(workers[precision]);
          workers[precision].send(set);
          const { ms, cpuMs, rss } = await answer;
          const known = best[set][precision] ?? { all: [], cpuMs: Number.POSITIVE_INFINITY, rss: 0 };
          known.all.push(ms);
          best[set][precision] = { all: known.all, cpuMs: Math.min(known.cpuMs, cpuMs), rss };
        }
      }
    }
    for (const worker of Object.values(workers)) worker.kill();
    for (const [set, count] of [
      ["one", 1],
      ["many", 32],
    ]) {
      for (const [precision, { all, cpuMs, rss }] of Object.entries(best[set])) {
        console.log(
          `${describe(count, precision, Math.min(...all), cpuMs)}; resident ${(rss / 1e6).toFixed(0)} MB`,
        );
      }
    }
    comparePeers();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function next(worker) {
  return new Promise((resolve, reject) => {
    const ended = (code) => reject(new Error(`the worker ended with ${code}`));
    worker.once("exit", ended);
    worker.once("message", (message) => {
      worker.off("exit", ended);
      resolve(message);
    });
  });
}

function comparePeers() {
  const python = process.env.BTP_PYTHON;
  if (python === undefined) {
    console.log("PyTorch is not compared: set BTP_PYTHON to a Python with torch and transformers.");
    return;
  }
  const script = join(dirname(here), "infer_torch.py");
  const { stdout, status } = spawnSync(python, [script, String(threads)], { encoding: "utf8" });
  if (status !== 0) console.log("PyTorch did not run.");
  for (const line of stdout.split("\n").filter((text) => text.startsWith("{"))) {
    const { dtype, count, ms, cpuMs } = JSON.parse(line);
    console.log(`PyTorch ${describe(count, dtype, ms, cpuMs)}`);
  }
}

function describe(count, precision, ms, cpuMs) {
  return (
    `${precision}, ${count} x 24 tokens: ${ms.toFixed(1)} ms (${((1000 * count) / ms).toFixed(0)} messages/s), ` +
    `${cpuMs.toFixed(1)} ms of processor time`
  );
}

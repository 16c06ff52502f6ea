// Fine-tuning of GPT-2's shape (124M, or --base gpt2-xl) on this machine: messages a second in the pass through the frozen blocks, in each epoch and
// over three epochs together, and the peak of memory; beside it PyTorch's build of the recipe and PyTorch at its best, where
// a Python with torch is given: BTP_PYTHON=path/to/python npm run bench -w @btp/cyberbully-train -- [--messages 1024] [--trunk-precision fp32,int8] [--base gpt2]
// Give a thousand messages or more for a figure to quote: the first updates cost more than those that follow. Weights are random: speed does not depend on them.
import "../../../tools/bench-help.mjs";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createConfig, trainDetector } from "../dist/index.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const shared = join(root, "..", "shared");
const option = (name, standard) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? standard : process.argv[at + 1];
};
const count = Number(option("messages", "1024"));
const precisions = option("trunk-precision", "fp32").split(",");
const base = option("base", "gpt2");
const folder = mkdtempSync(join(tmpdir(), "btp-bench-"));

try {
  if (option("alone", "no") === "yes") await measureOne(precisions[0]);
  else {
    console.log(`${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}, ${base}`);
    const averages = Object.fromEntries(
      precisions.map((precision) => [precision, inProcessOfItsOwn(precision)]),
    );
    if (base === "gpt2") comparePeers(averages);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** One precision after the other, each with its own peak of memory. @returns messages a second over three epochs */
function inProcessOfItsOwn(precision) {
  const argv = [
    "--alone",
    "yes",
    "--trunk-precision",
    precision,
    "--messages",
    String(count),
    "--base",
    base,
  ];
  const { stdout, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...argv], {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`Expected the run with frozen blocks in ${precision} to end.`);
  console.log(stdout.trim());
  return JSON.parse(stdout.trim().split("\n").at(-1)).average;
}

async function measureOne(trunkPrecision) {
  const ours = await fineTune(trunkPrecision);
  console.log(
    `frozen blocks in ${trunkPrecision}, once: ${ours.trunk.toFixed(1)} messages/s; epochs: ${ours.epochs.map((v) => v.toFixed(1)).join(", ")} messages/s`,
  );
  console.log(
    `three epochs with everything: ${ours.average.toFixed(1)} messages/s; peak memory ${ours.peakMegabytes} MB`,
  );
  console.log(JSON.stringify({ base, messages: count, trunkPrecision, ...ours }));
}

/** In a process of its own, so that its memory is not counted as the training's. */
function writeBase(to) {
  const here = new URL("../dist/testing/random-base.js", import.meta.url).href;
  const code = `
    const { gptConfigs } = await import(${JSON.stringify(import.meta.resolve("@btp/core-gpt"))});
    const { writeRandomBase } = await import(${JSON.stringify(here)});
    await writeRandomBase(process.argv[1], gptConfigs[process.argv[2]]);`;
  const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", code, to, base], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`Expected random weights of ${base} to be written to ${to}.`);
}

async function fineTune(trunkPrecision) {
  writeBase(join(folder, "base"));
  const source = join(shared, "data", "btp", "cyberbullying_validation.csv");
  const [header, ...rows] = readFileSync(
    existsSync(source) ? source : join(root, "datasets", "synthetic", "train.csv"),
    "utf8",
  )
    .split(/\r?\n/)
    .filter((row) => row !== "" && (row.match(/"/g) ?? []).length % 2 === 0);
  const write = (name, part) => writeFileSync(join(folder, name), `${[header, ...part].join("\n")}\n`);
  write("train.csv", rows.slice(0, count));
  write("validation.csv", rows.slice(count, count + 32));
  const config = createConfig({
    base: join(folder, "base"),
    train: join(folder, "train.csv"),
    validation: join(folder, "validation.csv"),
    out: join(folder, "detector"),
    logs: join(folder, "logs"),
    cacheDir: join(folder, "features"),
    trunkPrecision,
    engine: "jit",
    checkpointSeconds: 3600,
  });
  const marks = { trunk: 0, trunkMessages: 0, epochs: [] };
  let began = performance.now();
  await trainDetector(config, {
    onProgress(event) {
      if (event.kind === "features" && event.total > 32 && event.done === event.total) {
        marks.trunk += (performance.now() - began) / 1000; // the last may be told twice
        marks.trunkMessages = event.total;
      }
      if (event.kind === "note" && /int8|fp32|error/i.test(event.text)) console.log(event.text);
      if (event.kind === "note") began = performance.now(); // the last one comes before the work it announces
      if (event.kind === "step" && Number.isInteger(event.epoch))
        marks.epochs.push((performance.now() - began) / 1000);
      if (event.kind === "checkpoint" || (event.kind === "features" && event.done === event.total))
        began = performance.now();
    },
  });
  const seconds = marks.trunk + marks.epochs.reduce((sum, value) => sum + value, 0);
  return {
    trunk: marks.trunkMessages / marks.trunk,
    epochs: marks.epochs.map((value) => marks.trunkMessages / value),
    average: (3 * marks.trunkMessages) / seconds,
    peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

function comparePeers(averages) {
  const python = process.env.BTP_PYTHON;
  const tokens = join(shared, "peers", "btp-validation.tokens.jsonl");
  if (python === undefined || !existsSync(tokens)) {
    console.log(
      "PyTorch is not compared: set BTP_PYTHON to a Python with torch, with ../shared/peers in place.",
    );
    return;
  }
  const peers = [
    [
      "padded to 512, as the original",
      ["reference_torch.py", "train", "--tokens", tokens, "--pad", "512", "--batch", "8", "--steps", "2"],
      "examples_per_s",
    ],
    [
      "sorted by length, fp32",
      ["best_torch.py", "train", "--tokens", tokens, "--dtype", "fp32"],
      "messages_per_s",
    ],
    [
      "sorted by length, bf16",
      ["best_torch.py", "train", "--tokens", tokens, "--dtype", "bf16"],
      "messages_per_s",
    ],
  ];
  for (const [name, args, field] of peers) {
    if (args.includes("bf16") && !multipliesBf16(python)) {
      console.log(`PyTorch, ${name}: left out, this processor has no bfloat16 and PyTorch emulates it`);
      continue;
    }
    const { stdout, status } = spawnSync(python, args, { cwd: join(shared, "peers"), encoding: "utf8" });
    const line = stdout?.trim().split("\n").at(-1) ?? "";
    if (status !== 0 || !line.startsWith("{")) console.log(`PyTorch, ${name}: did not run`);
    else {
      const speed = JSON.parse(line)[field];
      const ratios = Object.entries(averages).map(
        ([precision, ours]) => `${(ours / speed).toFixed(1)} times that in ${precision}`,
      );
      console.log(`PyTorch, ${name}: ${speed} messages/s; ours is ${ratios.join(", ")}`);
    }
  }
}

function multipliesBf16(python) {
  const code = "import sys, torch; sys.exit(0 if torch.ops.mkldnn._is_mkldnn_bf16_supported() else 1)";
  return spawnSync(python, ["-c", code]).status === 0;
}

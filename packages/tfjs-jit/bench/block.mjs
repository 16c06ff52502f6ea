/**
 * Forward and backward of one transformer block (32 x 32 tokens), compiled, against the matrix product of the same
 * machine and, where a Python with PyTorch is given in BTP_PYTHON, against PyTorch at its best
 * (../shared/peers/best_torch.py). Rounds alternate, and each ratio is taken within its round, since the machine may be
 * shared. Needs a build. `node bench/block.mjs [--width 768] [--width 128] [--rounds 3] [--without pass,pass]`
 */
import "../../../tools/bench-help.mjs";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { block, blockShapes, headLoss, lossAndGradients } from "../dist/cases/transformer-block.js";
import { createJitEngine } from "../dist/engine/jit-engine.js";
import { tensorSpec } from "../dist/index.js";

const { values: options } = parseArgs({
  options: {
    width: { type: "string", multiple: true, default: ["768", "128"] },
    rounds: { type: "string", default: "3" },
    without: { type: "string", default: "" },
    threads: { type: "string", default: String(Math.min(2, availableParallelism())) },
  },
});
const B = 32;
const T = 32;
const threads = Number(options.threads);
const without = new Set(options.without.split(","));
const engine = createJitEngine({ threads, passes: (name) => !without.has(name) });

const tensor = (shape, value) => ({
  dtype: "float32",
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
});
const noise = (shape, size = 0.05, offset = 0) =>
  tensor(shape, (i) => offset + size * Math.sin(i * 12.9898 + shape.length));

/** Median milliseconds of `count` runs after warm-up. */
async function medianOf(run, count) {
  for (let i = 0; i < 3; i++) await run();
  const times = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[times.length >> 1];
}

async function blockProgram(width) {
  const sizes = { width, heads: width >= 768 ? 12 : 4 };
  const shapes = blockShapes(sizes);
  const parameters = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, noise(shape, 0.05, name.endsWith("Gain") ? 1 : 0)]),
  );
  const program = await engine.compile(
    (_, p, x, causal, mask, labels) =>
      lossAndGradients(p, (q) => headLoss(q, block(q, x, causal, sizes), mask, labels)),
    {},
    [
      parameters,
      tensorSpec("float32", ["batch", "tokens", width]),
      tensorSpec("float32", ["tokens", "tokens"]),
      tensorSpec("float32", ["batch", "tokens"]),
      tensorSpec("float32", ["batch", 2]),
    ],
    { name: `block of width ${width}` },
  );
  const inputs = [
    parameters,
    noise([B, T, width], 1),
    tensor([T, T], (i) => (i % T > Math.floor(i / T) ? -1e9 : 0)),
    tensor([B, T], () => 1),
    tensor([B, 2], (i) => ((i >> 1) % 2 === i % 2 ? 1 : 0)),
  ];
  return { run: () => program.run(...inputs), flops: 6 * 12 * width * width * B * T };
}

async function matmulProgram(width) {
  const [m, k, n] = [B * T, width, 4 * width];
  const program = await engine.compile((w, x) => tf.matMul(x, w), noise([k, n]), [
    tensorSpec("float32", [m, k]),
  ]);
  const x = noise([m, k]);
  return { run: () => program.run(x), flops: 2 * m * k * n };
}

function torch(width, dtype) {
  const python = process.env.BTP_PYTHON;
  const script = fileURLToPath(new URL("../../../../shared/peers/best_torch.py", import.meta.url));
  if (!python || !existsSync(script)) return undefined;
  const args = [script, "block", "--width", String(width), "--dtype", dtype, "--threads", String(threads)];
  try {
    const lines = execFileSync(python, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return JSON.parse(lines.trim().split("\n").at(-1)).gflops;
  } catch (error) {
    console.log(`PyTorch ${dtype} did not run: ${error.message.split("\n")[0]}`);
    return undefined;
  }
}

const middle = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

console.log(`${cpus()[0].model.trim()}, ${threads} threads, Node ${process.version}`);
if (!process.env.BTP_PYTHON) console.log("PyTorch is left out: BTP_PYTHON names no Python that has it");
for (const width of options.width.map(Number)) {
  const compiled = await blockProgram(width);
  const matmul = await matmulProgram(width);
  const result = await compiled.run();
  if (!Number.isFinite(result.loss.data[0])) throw new Error("the block's loss is not a number");
  const rows = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    const runs = width >= 512 ? 7 : 60;
    const peak = matmul.flops / (await medianOf(matmul.run, runs * 2)) / 1e6;
    const ours = compiled.flops / (await medianOf(compiled.run, runs)) / 1e6;
    const row = { ours, peak, fp32: torch(width, "fp32"), bf16: torch(width, "bf16") };
    rows.push(row);
    const ratio = (name) =>
      row[name] === undefined ? "" : `, ${name} ${row[name].toFixed(0)} (${(ours / row[name]).toFixed(2)}x)`;
    console.log(
      `width ${width} round ${round + 1}: block ${ours.toFixed(0)} GFLOP/s, matmul ${peak.toFixed(0)} (${((100 * ours) / peak).toFixed(0)} %)${ratio("fp32")}${ratio("bf16")}`,
    );
  }
  const ratios = (name) => rows.filter((row) => row[name] !== undefined).map((row) => row.ours / row[name]);
  console.log(
    `width ${width}: ${middle(rows.map((row) => row.ours)).toFixed(0)} GFLOP/s; median of the ratios: ` +
      ["peak", "fp32", "bf16"]
        .filter((name) => ratios(name).length > 0)
        .map((name) => `${name === "peak" ? "matmul" : `PyTorch ${name}`} ${middle(ratios(name)).toFixed(2)}`)
        .join(", "),
  );
}
await engine.dispose();

// Training of the compact preset's shape, all parameters, messages a second; beside it the same shape in PyTorch where a
// Python with torch is given (BTP_PYTHON). Rounds alternate and the ratio is taken within each.
// `node bench/compact.mjs [--rounds 3]`; messages: ../shared/data/btp validation where it is, else the synthetic sample.
import "../../../tools/bench-help.mjs";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createConfig, trainDetector } from "../dist/index.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const shared = join(root, "..", "shared");
const at = process.argv.indexOf("--rounds");
const rounds = at < 0 ? 3 : Number(process.argv[at + 1]);
const synthetic = join(root, "datasets", "synthetic");
const real = join(shared, "data", "btp", "cyberbullying_validation.csv");

console.log(`${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}`);
const ratios = { fp32: [], bf16: [] };
for (let round = 1; round <= rounds; round++) {
  const ours = await messagesPerSecond();
  const parts = [`round ${round}: ${ours.toFixed(0)} messages/s`];
  for (const dtype of ["fp32", "bf16"]) {
    const theirs = peer(dtype);
    if (theirs === undefined) continue;
    ratios[dtype].push(ours / theirs);
    parts.push(`PyTorch ${dtype} ${theirs} (${(ours / theirs).toFixed(2)}x)`);
  }
  console.log(parts.join(", "));
}
for (const [dtype, values] of Object.entries(ratios)) {
  if (values.length > 0)
    console.log(
      `median ratio to PyTorch ${dtype}: ${values.sort((a, b) => a - b)[values.length >> 1].toFixed(2)}`,
    );
}
if (ratios.fp32.length === 0)
  console.log(
    "PyTorch is not compared: set BTP_PYTHON to a Python with torch, with ../shared/peers in place.",
  );

/** Speed of whole updates over one epoch, evaluation and the first updates left out. */
async function messagesPerSecond() {
  const folder = mkdtempSync(join(tmpdir(), "btp-bench-"));
  try {
    const times = [];
    const config = createConfig({
      train: existsSync(real) ? real : join(synthetic, "train.csv"),
      validation: join(synthetic, "validation.csv"),
      out: join(folder, "detector"),
      logs: join(folder, "logs"),
      engine: "jit",
      epochs: 1,
      minTokenCount: 1,
      dropout: 0.1,
      checkpointSeconds: 3600,
    });
    await trainDetector(config, {
      onProgress(event) {
        if (event.kind === "step") times.push(performance.now());
      },
    });
    const skipped = 5;
    return (64 * (times.length - 1 - skipped) * 1000) / (times.at(-1) - times[skipped]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function peer(dtype) {
  const python = process.env.BTP_PYTHON;
  const peers = join(shared, "peers");
  if (python === undefined || !existsSync(peers)) return undefined;
  const script = join(root, "packages", "cyberbully-train", "bench", "compact_torch.py");
  const { stdout, status } = spawnSync(python, [script, peers, "--dtype", dtype], { encoding: "utf8" });
  if (status !== 0) return undefined;
  return JSON.parse(stdout.trim().split("\n").at(-1)).messages_per_s;
}

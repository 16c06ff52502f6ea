/**
 * Generation at the shape of GPT-2 124M (random weights: speed does not depend on them), compiled by @btp/tfjs-jit, beside
 * Hugging Face's GPT-2 in PyTorch with its cache, where BTP_PYTHON or python3 has them. Median milliseconds a token, best
 * of the rounds; the two run one after the other, so nothing else should run.
 * Run from dist: `npx tsc -b && npm run bench`.
 */
import "../../../tools/bench-help.mjs";
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { cachedStep, createTextReader, generateIds, gptConfigs, initialise } from "@btp/core-gpt";
import { createEngine, tensorSpec } from "@btp/tfjs-jit";

const config = gptConfigs.gpt2;
const [prompt, tokens, rounds] = [16, 48, 3];

const engine = await createEngine("jit");
const slots = () =>
  Array.from({ length: config.numLayers }, () =>
    tensorSpec("float32", [1, config.numHeads, "slots", config.width / config.numHeads]),
  );
const program = await engine.compile(
  (params, ids, positions, pastPositions, past) =>
    cachedStep(params, config, ids, positions, pastPositions, past),
  initialise(config, { seed: 1 }),
  [
    tensorSpec("int32", [1, "tokens"]),
    tensorSpec("int32", ["tokens"]),
    tensorSpec("int32", ["slots"]),
    { keys: slots(), values: slots() },
  ],
);
let ours = Infinity;
for (let round = 0; round < rounds; round++) {
  const reader = createTextReader(config, (...args) => program.run(...args));
  const ids = Array.from({ length: prompt }, (_, i) => i);
  const times = [];
  let start = performance.now();
  const options = { random: Math.random, temperature: 0, maxNewTokens: tokens + 1 };
  for await (const _ of generateIds(reader, ids, options)) {
    times.push(performance.now() - start);
    start = performance.now();
  }
  // The first includes the prompt.
  ours = Math.min(ours, times.slice(1).sort((a, b) => a - b)[Math.floor(tokens / 2)]);
}
await engine.dispose();
console.log(`${cpus()[0]?.model}, Node ${process.version}`);
console.log(`GPT-2 124M, ${prompt} + ${tokens} tokens: ${ours.toFixed(1)} ms a token`);

const shape = JSON.stringify({ ...config, prompt, tokens, rounds, threads: availableParallelism() });
const script = fileURLToPath(new URL("generate_torch.py", import.meta.url));
const torch = spawnSync(process.env.BTP_PYTHON ?? "python3", [script, shape], { encoding: "utf8" });
if (torch.status === 0) {
  const { milliseconds, torch: version } = JSON.parse(torch.stdout);
  console.log(
    `PyTorch ${version} with its cache: ${milliseconds.toFixed(1)} ms a token; ratio ${(milliseconds / ours).toFixed(2)}`,
  );
} else {
  console.log("PyTorch and transformers not found (set BTP_PYTHON to a Python that has them): no comparison");
}

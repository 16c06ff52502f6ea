// Updates of a distillation phase on this machine: processor seconds and tokens a second, for the shape of btp-mini and with
// parts of it left out, so that what each costs can be seen. Processor time, since other programs may be running.
//   npm run build && node packages/cyberbully-train/bench/distill-step.mjs [--updates 12] [--threads 1] [--vocabulary 16210]
import "../../../tools/bench-help.mjs";
import { classifierParameterTable, initialiseParameter, layOutPadding } from "@btp/core-gpt";
import { createEngine, createRandomSource } from "@btp/tfjs-jit";
import { compilePhase, selectPhasePart, vectorMapTable } from "../dist/distill/distill-step.js";

const option = (name, standard) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? standard : Number(process.argv[at + 1]);
};
const updates = option("updates", 12);
const threads = option("threads", 1);
const vocabulary = option("vocabulary", 16_210);
const [texts, tokens, width, vectorWidth] = [128, 24, 192, 384];

const engine = await createEngine("jit", { threads });
await measure("btp-mini, vectors", {}, vocabulary);
await measure("btp-mini, vectors, 256 token ids", {}, 256);
await measure(
  "btp-mini, all losses, dropout, average",
  { losses: { hard: 1, soft: 1, vectors: 1 }, dropout: 0.1, headDropout: 0.1, averageWeights: 0.99 },
  vocabulary,
);
await measure("language model", { losses: { languageModel: 1 } }, vocabulary);
await engine.dispose();

async function measure(title, changes, vocabSize) {
  const losses = { hard: 0, soft: 0, vectors: 0, languageModel: 0, ...(changes.losses ?? { vectors: 1 }) };
  const phase = {
    name: "bench",
    softTemperature: 1,
    beta1: 0.9,
    beta2: 0.98,
    epsilon: 1e-8,
    clip: 1,
    dropout: 0,
    headDropout: 0,
    averageWeights: 0,
    ...changes,
    losses,
  };
  const model = { vocabSize, contextLength: 96, width, numLayers: 2, numHeads: 6, layerNormEpsilon: 1e-5 };
  const table = [...classifierParameterTable(model, 2), ...vectorMapTable(width, vectorWidth)];
  const params = Object.fromEntries(table.map((entry) => [entry.path, initialiseParameter(entry, 1)]));
  const program = await compilePhase({
    engine,
    model,
    phase,
    part: selectPhasePart(model, phase, vectorWidth),
    vectorWidth,
    params,
    random: createRandomSource(1),
  });
  const float = (shape, value) => ({
    dtype: "float32",
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
  });
  const ids = (shape) => ({
    dtype: "int32",
    shape,
    data: Int32Array.from(
      { length: shape[0] * shape[1] },
      (_, i) => (Math.abs(Math.sin(i)) ** 3 * vocabSize) | 0,
    ),
  });
  const batch = {
    input: ids([texts, tokens]),
    positions: { dtype: "int32", shape: [tokens], data: Int32Array.from({ length: tokens }, (_, t) => t) },
    mask: float([texts, tokens], 1),
    ...layOutPadding(Array(texts).fill(tokens), tokens),
    targets: float([texts, 2], 0.5),
    weights: float([texts], 1),
    nextIds: ids([texts, tokens]),
    nextMask: float([texts, tokens], 1),
    softTargets: float([texts, 2], 0.5),
    softWeights: float([texts], 1),
    vectors: float([texts, vectorWidth], 0.05),
    vectorWeights: float([texts], 1),
  };
  const scalars = Object.fromEntries(
    Object.entries({
      stepSize: 1e-3,
      secondMomentScale: 1,
      shrink: 1,
      averageMemory: 0.9,
      inverseCount: 1 / texts,
      inverseTokens: 1 / (texts * tokens),
    }).map(([name, value]) => [name, float([], value)]),
  );
  for (let i = 0; i < 2; i++) await program.step(batch, scalars);
  const began = performance.now();
  const cpu = process.cpuUsage();
  for (let i = 0; i < updates; i++) await program.step(batch, scalars);
  const used = process.cpuUsage(cpu);
  const seconds = (used.user + used.system) / 1e6;
  const wall = (performance.now() - began) / 1000;
  const all = updates * texts * tokens;
  console.log(
    `${title}: ${((1000 * seconds) / updates).toFixed(0)} ms processor, ${((1000 * wall) / updates).toFixed(0)} ms an update; ${(all / seconds).toFixed(0)} tokens a processor second, ${(all / wall).toFixed(0)} tokens/s`,
  );
  await program.dispose();
}

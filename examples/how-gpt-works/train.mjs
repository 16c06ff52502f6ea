// Trains the toy of docs/how-gpt-works.md: a GPT of 3,234 numbers with both heads, in a second or two, and writes it as a
// detector directory: NAME means models/NAME of this clone, which git ignores. The loss is the classifier's plus the language
// model's, as in the first GPT (Radford et al. 2018, section 3.2). The optimizer is Adam (Kingma and Ba 2015).
//   node examples/how-gpt-works/train.mjs NAME | FOLDER | --overwrite
import "@tensorflow/tfjs"; // its gradients
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  buildClassifierParams,
  classifierLogits,
  createRandom,
  createTokenizer,
  flattenParams,
  initialiseClassifier,
  languageModelLogits,
  restrictVocabulary,
  singleByteIds,
} from "@btp/core-gpt";
import { loadDetector, writeArtifact } from "@btp/detector";
import { createEngine, tensorSpec } from "@btp/tfjs-jit";
import * as tf from "@tensorflow/tfjs-core";
import { allSentences, split } from "./sentences.mjs";

const [steps, batchSize, rate, beta1, beta2] = [400, 24, 0.02, 0.9, 0.99];
const argument = process.argv[2];
if (argument === undefined || (argument.startsWith("-") && argument !== "--overwrite")) {
  process.stderr.write(
    "usage: node train.mjs NAME (writes models/NAME) or PATH/TO/FOLDER, or --overwrite to replace the toy that the document describes\n",
  );
  process.exit(argument === "--help" || argument === "-h" ? 0 : 2);
}
const folder = folderOf(argument);

// The vocabulary: the tokens of the sentences, and the 256 bytes, so that any text can be read.
const gpt2 = await createTokenizer();
const sentences = allSentences();
const wanted = new Set([
  ...singleByteIds(gpt2),
  ...sentences.flatMap(({ text }) => [...gpt2.encode(text).ids]),
]);
const keptTokenIds = Int32Array.from(wanted).sort();
const tokenizer = restrictVocabulary(gpt2, keptTokenIds);

// One block, two heads of four numbers: as small as can be and still a GPT.
const config = {
  vocabSize: tokenizer.vocabSize,
  contextLength: 16,
  width: 8,
  numLayers: 1,
  numHeads: 2,
  layerNormEpsilon: 1e-5,
};
const start = flattenParams(initialiseClassifier(config, { seed: 3 })).map(({ path, value }) => {
  // GPT-2 begins with 0.02 times a normal distribution; of 8 numbers instead of 768 each has to be louder.
  const factor = /weight$|Embedding$/.test(path) ? 10 : 1;
  return [path, { ...value, data: value.data.map((x) => factor * x) }];
});
const zeros = start.map(([path, value]) => [path, { ...value, data: new Float32Array(value.data.length) }]);

/** -log of the probability of the right label, plus the same for every next token. */
function lossOf(weights, { ids, positions, mask, labels }) {
  const params = buildClassifierParams(config, 2, ({ path }) => weights[path]);
  const classes = classifierLogits(params, config, ids, positions, mask); // [B, 2]
  const label = tf.neg(tf.sum(tf.mul(labels, tf.logSoftmax(classes)), 1)); // [B]
  const [batch, T] = ids.shape;
  const guesses = tf.logSoftmax(languageModelLogits(params.gpt, config, ids, positions)); // [B, T, V]
  const next = tf.oneHot(tf.slice(ids, [0, 1], [batch, T - 1]), config.vocabSize); // [B, T - 1, V]
  const guessed = tf.sum(tf.mul(next, tf.slice(guesses, [0, 0, 0], [batch, T - 1, config.vocabSize])), 2);
  const real = tf.slice(mask, [0, 1], [batch, T - 1]); // [B, T - 1]
  return tf.add(tf.mean(label), tf.div(tf.sum(tf.mul(real, tf.neg(guessed))), tf.sum(real)));
}

/** One step: the loss, its gradient by every weight, and Adam's update. A pure function, so it can be compiled. */
function step({ weights, first, second }, _, batch, stepSize) {
  const paths = Object.keys(weights);
  const { value, grads } = tf.valueAndGrads((...list) =>
    lossOf(Object.fromEntries(paths.map((path, i) => [path, list[i]])), batch),
  )(paths.map((path) => weights[path]));
  const next = { weights: {}, first: {}, second: {} };
  paths.forEach((path, i) => {
    next.first[path] = tf.add(tf.mul(first[path], beta1), tf.mul(grads[i], 1 - beta1));
    next.second[path] = tf.add(tf.mul(second[path], beta2), tf.mul(tf.square(grads[i]), 1 - beta2));
    const change = tf.div(next.first[path], tf.add(tf.sqrt(next.second[path]), 1e-8));
    next.weights[path] = tf.sub(weights[path], tf.mul(stepSize, change));
  });
  return { state: next, result: value };
}

/** Sentences as arrays, padded on the right to one length T. */
function toBatch(some) {
  const T = config.contextLength;
  const batch = { ids: new Int32Array(some.length * T), mask: new Float32Array(some.length * T) };
  some.forEach(({ text }, b) => {
    const { ids } = tokenizer.encode(text, { maxTokens: T }); // the rest is not read
    batch.ids.set(ids, b * T);
    batch.mask.fill(1, b * T, b * T + ids.length);
  });
  return {
    ids: { dtype: "int32", shape: [some.length, T], data: batch.ids },
    positions: { dtype: "int32", shape: [T], data: Int32Array.from({ length: T }, (_, t) => t) },
    mask: { dtype: "float32", shape: [some.length, T], data: batch.mask },
    labels: {
      dtype: "float32",
      shape: [some.length, 2],
      data: Float32Array.from(some.flatMap(({ label }) => [1 - label, label])),
    },
  };
}

checkFolder();
const { train, test } = split(sentences);
const engine = await createEngine("auto");
const program = await engine.compileStep(
  step,
  { weights: Object.fromEntries(start), first: Object.fromEntries(zeros), second: Object.fromEntries(zeros) },
  {},
  [
    {
      ids: tensorSpec("int32", [batchSize, config.contextLength]),
      positions: tensorSpec("int32", [config.contextLength]),
      mask: tensorSpec("float32", [batchSize, config.contextLength]),
      labels: tensorSpec("float32", [batchSize, 2]),
    },
    tensorSpec("float32", []),
  ],
);
const random = createRandom(1);
for (let t = 1; t <= steps; t++) {
  const some = Array.from({ length: batchSize }, () => train[Math.floor(random() * train.length)]);
  // Smaller towards the end; the root corrects for moments that begin at zero.
  const size = (rate * (1 - t / (steps + 1)) * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
  const loss = await program.step(toBatch(some), {
    dtype: "float32",
    shape: [],
    data: Float32Array.of(size),
  });
  if (t === 1 || t % 100 === 0) process.stdout.write(`step ${t}  loss ${loss.data[0].toFixed(3)}\n`);
}
const { weights } = await program.readState();
await engine.dispose();

await writeArtifact(folder, {
  architecture: config,
  params: buildClassifierParams(config, 2, ({ path }) => weights[path]),
  keptTokenIds,
  threshold: 0.5,
  temperature: 1,
  maxLength: config.contextLength,
});
const detector = await loadDetector(folder);
await report("it was trained on", train);
await report("it has never seen", test);
await detector.dispose();
process.stderr.write(`written to ${folder}\n`);

function folderOf(wanted) {
  if (wanted === "--overwrite") return fileURLToPath(new URL("toy", import.meta.url));
  return /[\\/]/.test(wanted) ? wanted : fileURLToPath(new URL(`../../models/${wanted}`, import.meta.url));
}

/** A toy may be replaced by the next one, anything else may not. */
function checkFolder() {
  const file = join(folder, "config.json");
  if (!existsSync(file) || JSON.parse(readFileSync(file, "utf8")).architecture?.width === config.width)
    return;
  process.stderr.write(`${folder} holds another detector. Give another name.\n`);
  process.exit(1);
}

async function report(which, some) {
  const found = await detector.detect(some.map(({ text }) => text));
  const right = found.filter(({ isCyberbullying }, i) => isCyberbullying === (some[i].label === 1));
  process.stdout.write(`right on ${right.length} of ${some.length} sentences that ${which}\n`);
}

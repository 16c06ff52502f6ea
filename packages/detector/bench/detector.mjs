// The detector that comes with BTP on labelled messages: accuracy, messages a second, latency of one message, cold start and
// memory; beside it the two that anybody would try first, on the same messages, where a Python is given that has them:
// TF-IDF with logistic regression (scikit-learn) and a fine-tuned sentence encoder (../shared/peers/minilm.py's, a checkpoint of it).
//   npm run build && node packages/detector/bench/detector.mjs [--model models/btp-mini] [--file labelled.csv] [--rounds 5]
//   BTP_PYTHON=venv/bin/python [--encoder teacher.pt] ...: the peers, in turn with ours, round by round
// Standard file: ../shared/data/btp validation where it is, else the synthetic test set (accuracy there says little).
import "../../../tools/bench-help.mjs";
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(import.meta.url);
const root = join(dirname(here), "..", "..", "..");
const shared = join(root, "..", "shared");
const real = join(shared, "data", "btp", "cyberbullying_validation.csv");
const option = (name, standard) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? standard : process.argv[at + 1];
};
const model = option("model", join(root, "models", "btp-mini"));
const file = option("file", existsSync(real) ? real : join(root, "datasets", "synthetic", "test.csv"));
const rounds = Number(option("rounds", "5"));
const python = process.env.BTP_PYTHON;

console.log(
  `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}, load ${loadavg()[0].toFixed(1)}; ${file}`,
);
const contestants = [
  await start("BTP", process.execPath, [join(dirname(here), "detector-child.mjs"), model, file]),
];
if (python === undefined)
  console.log("Peers are not compared: set BTP_PYTHON to a Python with scikit-learn and torch.");
else {
  const peers = join(dirname(here), "detector_peers.py");
  const train = join(shared, "data", "btp", "cyberbullying_train.csv");
  if (existsSync(train))
    contestants.push(await start("TF-IDF + logistic regression", python, [peers, "tfidf", file, train]));
  const encoder = option("encoder");
  if (encoder)
    contestants.push(await start("sentence encoder (22 million)", python, [peers, "encoder", file, encoder]));
}
const bests = contestants.map(() => ({ all: 0, one: Number.POSITIVE_INFINITY }));
for (let round = 0; round < rounds; round++) {
  for (const [i, { ask }] of contestants.entries()) {
    const { messagesPerSecond, oneMs } = await ask();
    bests[i] = { all: Math.max(bests[i].all, messagesPerSecond), one: Math.min(bests[i].one, oneMs) };
  }
}
for (const [i, { name, facts, ask, close }] of contestants.entries()) {
  const { accuracy, auc, messages, residentMb } = await ask();
  close();
  const figures = {
    name,
    messages,
    accuracy,
    auc,
    messagesPerSecond: Math.round(bests[i].all),
    oneMs: bests[i].one,
    coldStartMs: Math.round(facts.coldStartMs),
    residentMb: Math.round(residentMb),
  };
  console.log(
    `${name}: accuracy ${accuracy.toFixed(3)}, AUC ${auc.toFixed(3)} on ${messages}; ${figures.messagesPerSecond} messages/s from text, ` +
      `${bests[i].one.toFixed(2)} ms for one; ready after ${(facts.coldStartMs / 1000).toFixed(2)} s; resident ${figures.residentMb} MB`,
  );
  console.log(JSON.stringify(figures));
}
const cold = [];
for (let round = 0; round < rounds; round++) {
  const began = performance.now();
  const { status } = spawnSync(process.execPath, [
    join(root, "packages", "cli", "bin", "btp-cli.js"),
    "predict",
    "--model",
    model,
    "nobody likes you",
  ]);
  if (status === 0) cold.push(performance.now() - began);
}
if (cold.length > 0)
  console.log(
    `btp-cli predict, a whole process: ${cold.sort((a, b) => a - b)[cold.length >> 1].toFixed(0)} ms (median of ${cold.length})`,
  );

/** A process that says one line of JSON when it is ready, and one for every line it is sent. */
async function start(name, command, args) {
  const began = performance.now();
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} ended early`);
    return JSON.parse(value);
  };
  await next();
  const coldStartMs = performance.now() - began;
  return {
    name,
    facts: { coldStartMs },
    ask() {
      child.stdin.write("go\n");
      return next();
    },
    close: () => child.stdin.end(),
  };
}

// Prints the figures of docs/how-gpt-works.md: one message on its way through the toy, computed by by-hand.mjs, and
// compared with @btp/core-gpt.
//   node examples/how-gpt-works/walk.mjs            prints all
//   node examples/how-gpt-works/walk.mjs --check    compares with the document's blocks; exit code 1 where they differ
//   node examples/how-gpt-works/walk.mjs --write    puts the figures into the document
import "@tensorflow/tfjs"; // a backend, and gradients
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as gpt from "@btp/core-gpt";
import { readArtifact } from "@btp/detector";
import * as tf from "@tensorflow/tfjs-core";
import { forward, gelu, softmax } from "./by-hand.mjs";

const document = fileURLToPath(new URL("../../docs/how-gpt-works.md", import.meta.url));
const {
  architecture: config,
  params,
  keptTokenIds,
} = await readArtifact(fileURLToPath(new URL("toy", import.meta.url)));
const gpt2 = await gpt.createTokenizer();
const tokenizer = gpt.restrictVocabulary(gpt2, keptTokenIds);
const arrays = gpt.mapParams(params, ({ data, shape: [rows, columns] }) =>
  columns === undefined
    ? [...data]
    : Array.from({ length: rows }, (_, row) => [...data.subarray(row * columns, (row + 1) * columns)]),
);
await tf.setBackend("cpu");
const tensors = gpt.mapParams(params, ({ data, shape }) => tf.tensor(data, shape));

const text = "You are not clever but stupid";
const ids = [...tokenizer.encode(text).ids];
const names = ids.map((id) => tokenizer.decode([id]));
const run = forward(arrays, config, ids);
const [first] = run.blocks;
const last = ids.length - 1;

const fixed = (x, digits = 2) => x.toFixed(digits).replace(/^-(0\.?0*)$/, "$1");
const vector = (x) => x.map((value) => fixed(value).padStart(6)).join("");
const table = (rows) => {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join("  "),
  );
};
const quoted = (name) => JSON.stringify(name);

const sections = {
  sizes() {
    const parts = gpt.flattenParams(params).map(({ path, value }) => [path, value.data.length]);
    const sum = (pattern) =>
      parts.reduce((total, [path, count]) => total + (pattern.test(path) ? count : 0), 0);
    return table([
      ["part", "shape", "numbers"],
      ["token embedding", `${config.vocabSize} x ${config.width}`, String(sum(/tokenEmbedding/))],
      ["position embedding", `${config.contextLength} x ${config.width}`, String(sum(/positionEmbedding/))],
      ["the block", "", String(sum(/blocks/))],
      ["final LayerNorm", "", String(sum(/finalNorm/))],
      ["classifier's head", `${config.width} x 2, and 2`, String(sum(/head/))],
      ["together", "", String(sum(/./))],
    ]);
  },
  joins() {
    const [piece] = gpt.explain(gpt2, " stupid");
    return piece.steps.map(({ rank, parts }) => `${String(rank).padStart(5)}  ${parts.join("|")}`);
  },
  tokens() {
    const original = gpt2.encode(text).ids;
    return table([
      ["token", "id in GPT-2", "id here"],
      ...names.map((name, t) => [quoted(name), String(original[t]), String(ids[t])]),
    ]);
  },
  embedding() {
    return [
      `token embedding of ${quoted(names[last])}  ${vector(arrays.gpt.tokenEmbedding[ids[last]])}`,
      `position embedding of ${last}        ${vector(arrays.gpt.positionEmbedding[last])}`,
      `their sum                      ${vector(run.embedded[last])}`,
    ];
  },
  norm() {
    return [`before  ${vector(run.embedded[last])}`, `after   ${vector(first.normed[last])}`];
  },
  queries() {
    return first.heads.flatMap(({ queries, keys, values }, head) => [
      `head ${head}: query of " stupid"  ${vector(queries[last])}`,
      `        key of " not"       ${vector(keys[2])}     value  ${vector(values[2])}`,
      `        key of " but"       ${vector(keys[4])}     value  ${vector(values[4])}`,
    ]);
  },
  attention() {
    const [a, b] = first.heads;
    return table([
      ['" stupid" looks at', "score 0", "weight 0", "score 1", "weight 1"],
      ...names.map((name, t) => [
        quoted(name),
        ...[a, b].flatMap((head) => [fixed(head.scores[last][t]), fixed(head.weights[last][t])]),
      ]),
    ]);
  },
  order() {
    return ["You are not clever but stupid", "You are not stupid but clever"].flatMap((sentence) => {
      const some = [...tokenizer.encode(sentence).ids];
      const word = some.findIndex((id) => tokenizer.decode([id]) === " stupid");
      const shown = some.slice(0, word + 1).map((id) => quoted(tokenizer.decode([id])));
      const rows = forward(arrays, config, some).blocks[0].heads.map(({ weights }, head) => [
        `head ${head}`,
        ...weights[word].map((weight) => fixed(weight)),
      ]);
      return [sentence, ...table([["", ...shown], ...rows]).map((line) => `  ${line}`.trimEnd())];
    });
  },
  stream() {
    return [
      `in                ${vector(run.embedded[last])}`,
      `after attention   ${vector(first.middle[last])}`,
      `after the mlp     ${vector(first.output[last])}`,
    ];
  },
  gelu() {
    const before = first.expanded[last].slice(0, 8);
    return [`before  ${vector(before)}`, `after   ${vector(before.map(gelu))}`];
  },
  decision() {
    const [no, yes] = run.classLogits;
    return [
      `mean of the hidden states  ${vector(run.pooled)}`,
      `logits  not cyberbullying ${fixed(no)}, cyberbullying ${fixed(yes)}`,
      `score   1 / (1 + exp(${fixed(no)} - ${fixed(yes)})) = ${fixed(softmax([no, yes])[1], 4)}`,
    ];
  },
  sentences() {
    return [
      "You are stupid",
      "You are not stupid",
      "You are not clever but stupid",
      "You are not stupid but clever",
      "You are stupid but clever",
      "You are very stupid",
    ].map((sentence) => {
      const { classLogits } = forward(arrays, config, [...tokenizer.encode(sentence).ids]);
      return `${fixed(softmax(classLogits)[1], 3)}  ${sentence}`;
    });
  },
  next() {
    return ["You are", "You are not stupid but", "You are clever but"].map((start) => {
      const { nextLogits } = forward(arrays, config, [...tokenizer.encode(start).ids]);
      const shares = softmax(nextLogits.at(-1)).map((share, id) => ({ share, id }));
      const best = shares.sort((a, b) => b.share - a.share).slice(0, 5);
      return `${start} ...  ${best.map(({ share, id }) => `${fixed(share)}${tokenizer.decode([id])}`).join("  ")}`;
    });
  },
  temperature() {
    const { nextLogits } = forward(arrays, config, [...tokenizer.encode("You are").ids]);
    const logits = nextLogits.at(-1);
    const top = logits
      .map((_, id) => id)
      .sort((a, b) => logits[b] - logits[a])
      .slice(0, 5);
    return table([
      ["temperature", ...top.map((id) => tokenizer.decode([id]))],
      ...[0.5, 1, 2].map((temperature) => {
        const shares = softmax(logits.map((logit) => logit / temperature));
        return [String(temperature), ...top.map((id) => fixed(shares[id], 3))];
      }),
    ]);
  },
  gradient() {
    const path = "blocks.0.attention.qkv.weight[0][0]";
    const row = params.gpt.blocks[0].attention.qkv.weight;
    const lossAt = (x) => {
      const weight = tf.tensor(
        row.data.map((value, i) => (i === 0 ? x : value)),
        row.shape,
      );
      return tf.tidy(() => lossWith(weight).dataSync()[0]);
    };
    const [h, x] = [1e-2, row.data[0]];
    const automatic = tf.grad(lossWith)(tf.tensor(row.data, row.shape)).dataSync()[0];
    const quotient = (lossAt(x + h) - lossAt(x - h)) / (2 * h);
    return [
      `${path} = ${fixed(x, 4)}`,
      `by moving it ${h} both ways       ${quotient.toExponential(2)}`,
      `by automatic differentiation     ${automatic.toExponential(2)}`,
    ];
  },
  compare() {
    const { ids: batch, positions, mask } = asTensors();
    const classes = gpt.classifierLogits(tensors, config, batch, positions, mask).arraySync()[0];
    const next = gpt.languageModelLogits(tensors.gpt, config, batch, positions).arraySync()[0];
    const both = [...classes, ...next.flat()];
    const ours = [...run.classLogits, ...run.nextLogits.flat()];
    const largest = Math.max(...both.map((value, i) => Math.abs(value - ours[i])));
    return [`${both.length} logits compared; all within 0.0001: ${largest < 1e-4 ? "yes" : "NO"}`];
  },
};

function asTensors() {
  return {
    ids: tf.tensor2d([ids], undefined, "int32"), // [1, T]
    positions: tf.range(0, ids.length, 1, "int32"), // [T]
    mask: tf.ones([1, ids.length]), // [1, T]
  };
}

/** -log of the probability of "cyberbullying", as a function of one matrix. */
function lossWith(weight) {
  const [block] = tensors.gpt.blocks;
  const { attention } = block;
  const changed = { ...block, attention: { ...attention, qkv: { ...attention.qkv, weight } } };
  const moved = { ...tensors, gpt: { ...tensors.gpt, blocks: [changed] } };
  const { ids: batch, positions, mask } = asTensors();
  const logits = gpt.classifierLogits(moved, config, batch, positions, mask); // [1, 2]
  return tf.neg(tf.sum(tf.slice(tf.logSoftmax(logits), [0, 1], [1, 1])));
}

const mode = process.argv[2];
const printed = Object.entries(sections).map(([name, make]) => [name, make()]);
if (mode === undefined)
  for (const [name, lines] of printed) process.stdout.write(`${name}\n${lines.join("\n")}\n\n`);
else process.exitCode = mode === "--write" ? write() : check();

function write() {
  let page = readFileSync(document, "utf8");
  for (const [name, lines] of printed)
    page = page.replace(blockOf(name), (_, head, __, tail) => `${head}${lines.join("\n")}\n${tail}`);
  writeFileSync(document, page);
  return 0;
}

/** Words must be equal; figures may differ by one in the last digit printed, since exp and tanh do between machines. */
function check() {
  const page = readFileSync(document, "utf8");
  const wrong = printed.filter(([name, lines]) => {
    const found = blockOf(name).exec(page)?.[2];
    return found === undefined || !isNear(found.trimEnd(), lines.join("\n"));
  });
  for (const [name, lines] of wrong) process.stderr.write(`block "${name}" should be\n${lines.join("\n")}\n`);
  process.stdout.write(`${printed.length - wrong.length} of ${printed.length} blocks as computed\n`);
  return wrong.length > 0 ? 1 : 0;
}

function blockOf(name) {
  return new RegExp(`(<!-- walk: ${name} -->\\n\`\`\`\\n)([^\`]*)(\`\`\`)`);
}

function isNear(a, b) {
  const number = /-?\d+(?:\.\d+)?/g;
  const words = (text) => text.replace(number, "#").replace(/ +/g, " ");
  const [as, bs] = [a.match(number) ?? [], b.match(number) ?? []];
  const unit = (text) => 1.01 * 10 ** -(text.split(".")[1]?.length ?? 9);
  return words(a) === words(b) && as.every((x, i) => Math.abs(Number(x) - Number(bs[i])) <= unit(x));
}

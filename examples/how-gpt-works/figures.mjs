// The figures of docs/how-gpt-works.md for a detector and a sentence: computed by by-hand.mjs, and compared with
// @btp/core-gpt. walk.mjs prints them. Letters: T tokens, D width, V vocabulary.
import "@tensorflow/tfjs"; // a backend, and gradients
import * as gpt from "@btp/core-gpt";
import * as tf from "@tensorflow/tfjs-core";
import { forward, gelu, softmax } from "./by-hand.mjs";

/** The document's own sentence; its blocks compare it with these others. */
export const documentSentence = "You are not clever but stupid";
const reordered = "You are not stupid but clever";

/**
 * @param {import("@btp/detector").StoredArtifact} artifact
 * @param {string} text - read as far as the detector reads
 * @returns {Promise<{figures: [name: string, lines: string[]][], tokens: number, read: number}>} in the order of the walk;
 *   those that are about the document's other sentences only for its own; none where nothing of the text is a token
 */
export async function computeFigures(artifact, text) {
  // Without this TensorFlow.js greets on stderr and recommends another backend.
  tf.enableProdMode();
  await tf.setBackend("cpu");
  const gpt2 = await gpt.createTokenizer();
  const { ids, totalTokens } = tokenizerOf(artifact, gpt2).encode(text, { maxTokens: artifact.maxLength });
  if (ids.length === 0) return { figures: [], tokens: 0, read: 0 };
  const sections = sectionsOf({ artifact, gpt2, text, ids: [...ids] });
  const figures = Object.entries(sections).map(([name, make]) => [name, make()]);
  return {
    figures: figures.filter(([, lines]) => lines.length > 0),
    tokens: totalTokens,
    read: ids.length,
  };
}

function tokenizerOf({ keptTokenIds, normalise }, gpt2) {
  const tokenizer = keptTokenIds ? gpt.restrictVocabulary(gpt2, keptTokenIds) : gpt2;
  return normalise ? gpt.withNormalisation(tokenizer) : tokenizer;
}

function sectionsOf({ artifact, gpt2, text, ids }) {
  const { architecture: config, params, keptTokenIds, temperature } = artifact;
  const tokenizer = tokenizerOf(artifact, gpt2);
  const arrays = gpt.mapParams(params, toArrays);
  const names = ids.map((id) => quoted(tokenizer.tokenBytes(id)));
  const run = forward(arrays, config, ids);
  const [first] = run.blocks;
  const last = ids.length - 1;
  const name = names[last];
  const own = text !== documentSentence;
  const runOf = (sentence) => forward(arrays, config, [...tokenizer.encode(sentence).ids]);
  const scoreOf = ([no, yes]) => softmax([no / temperature, yes / temperature])[1];

  return {
    sizes() {
      const parts = gpt.flattenParams(params).map(({ path, value }) => [path, value.data.length]);
      const sum = (pattern) =>
        parts.reduce((total, [path, count]) => total + (pattern.test(path) ? count : 0), 0);
      const { vocabSize, contextLength, width, numLayers } = config;
      return table([
        ["part", "shape", "numbers"],
        ["token embedding", `${vocabSize} x ${width}`, String(sum(/tokenEmbedding/))],
        ["position embedding", `${contextLength} x ${width}`, String(sum(/positionEmbedding/))],
        [numLayers === 1 ? "the block" : `the ${numLayers} blocks`, "", String(sum(/blocks/))],
        ["final LayerNorm", "", String(sum(/finalNorm/))],
        ["classifier's head", `${width} x 2, and 2`, String(sum(/head/))],
        ["together", "", String(sum(/./))],
      ]);
    },
    joins() {
      const pieces = gpt.explain(gpt2, artifact.normalise ? gpt.normaliseText(text) : text);
      const { steps } = pieces.at(-1);
      return steps.map(({ rank, parts }) => `${String(rank).padStart(5)}  ${parts.join("|")}`);
    },
    tokens() {
      const original = (id) => keptTokenIds?.[id] ?? id;
      return table([
        ["token", "id in GPT-2", "id here"],
        ...ids.map((id, t) => [names[t], String(original(id)), String(id)]),
      ]);
    },
    embedding() {
      return labelled([
        [`token embedding of ${name}`, vector(arrays.gpt.tokenEmbedding[ids[last]])],
        [`position embedding of ${last}`, vector(arrays.gpt.positionEmbedding[last])],
        ["their sum", vector(run.embedded[last])],
      ]);
    },
    norm() {
      return [`before  ${vector(run.embedded[last])}`, `after   ${vector(first.normed[last])}`];
    },
    queries() {
      // Two of the tokens that the last one can look at; in a sentence of one token, that token itself.
      const seen = [last - 3, last - 1].filter((t) => t >= 0);
      return labelled(
        first.heads.flatMap(({ queries, keys, values }, head) => [
          [`head ${head}: query of ${name}`, vector(queries[last])],
          ...(seen.length > 0 ? seen : [last]).map((t) => [
            `        key of ${names[t]}`,
            `${vector(keys[t])}     value  ${vector(values[t])}`,
          ]),
        ]),
      );
    },
    attention() {
      return table([
        [`${name} looks at`, ...first.heads.flatMap((_, head) => [`score ${head}`, `weight ${head}`])],
        ...names.map((other, t) => [
          other,
          ...first.heads.flatMap(({ scores, weights }) => [fixed(scores[last][t]), fixed(weights[last][t])]),
        ]),
      ]);
    },
    order() {
      if (own) return [];
      return [text, reordered].flatMap((sentence) => {
        const some = [...tokenizer.encode(sentence).ids];
        const word = some.findIndex((id) => tokenizer.decode([id]) === " stupid");
        const shown = some.slice(0, word + 1).map((id) => quoted(tokenizer.tokenBytes(id)));
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
      const difference = `${fixed(no)} - ${fixed(yes)}`;
      const exponent = temperature === 1 ? difference : `(${difference}) / ${fixed(temperature)}`;
      return [
        `mean of the hidden states  ${vector(run.pooled)}`,
        `logits  not cyberbullying ${fixed(no)}, cyberbullying ${fixed(yes)}`,
        `score   1 / (1 + exp(${exponent})) = ${fixed(scoreOf([no, yes]), 4)}`,
      ];
    },
    sentences() {
      if (own) return [];
      return [
        "You are stupid",
        "You are not stupid",
        text,
        reordered,
        "You are stupid but clever",
        "You are very stupid",
      ].map((sentence) => `${fixed(scoreOf(runOf(sentence).classLogits), 3)}  ${sentence}`);
    },
    next() {
      const starts = own ? [text] : ["You are", "You are not stupid but", "You are clever but"];
      return starts.map((start) => {
        const { nextLogits } = own ? run : runOf(start);
        const shares = softmax(nextLogits.at(-1));
        const best = largest(shares, 5).map((id) => `${fixed(shares[id])}${tokenizer.decode([id])}`);
        return `${start} ...  ${best.join("  ")}`;
      });
    },
    temperature() {
      const logits = (own ? run : runOf("You are")).nextLogits.at(-1);
      const top = largest(logits, 5);
      return table([
        ["temperature", ...top.map((id) => tokenizer.decode([id]))],
        ...[0.5, 1, 2].map((warmth) => {
          const shares = softmax(logits.map((logit) => logit / warmth));
          return [String(warmth), ...top.map((id) => fixed(shares[id], 3))];
        }),
      ]);
    },
    gradient() {
      const { data, shape } = params.gpt.blocks[0].attention.qkv.weight;
      const lossAt = (x) =>
        tf.tidy(
          () =>
            loss(
              tf.tensor(
                data.map((value, i) => (i === 0 ? x : value)),
                shape,
              ),
            ).dataSync()[0],
        );
      const loss = lossByMatrix(artifact, ids);
      const [h, x] = [1e-2, data[0]];
      const automatic = tf.grad(loss)(tf.tensor(data, shape)).dataSync()[0];
      const quotient = (lossAt(x + h) - lossAt(x - h)) / (2 * h);
      return [
        `loss, if "cyberbullying" is right    ${lossAt(x).toFixed(4)}`,
        `blocks.0.attention.qkv.weight[0][0]  ${fixed(x, 4)}`,
        "its gradient",
        `  by moving it ${h} both ways     ${quotient.toExponential(2)}`,
        `  by automatic differentiation   ${automatic.toExponential(2)}`,
      ];
    },
    compare() {
      const tensors = gpt.mapParams(params, ({ data, shape }) => tf.tensor(data, shape));
      const { ids: batch, positions, mask } = asTensors(ids);
      const classes = gpt.classifierLogits(tensors, config, batch, positions, mask).arraySync()[0];
      const next = gpt.languageModelLogits(tensors.gpt, config, batch, positions).arraySync()[0];
      const both = [...classes, ...next.flat()];
      const ours = [...run.classLogits, ...run.nextLogits.flat()];
      const distance = both.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i])), 0);
      return [`${both.length} logits compared; all within 0.0001: ${distance < 1e-4 ? "yes" : "NO"}`];
    },
  };
}

function asTensors(ids) {
  return {
    ids: tf.tensor2d([ids], undefined, "int32"), // [1, T]
    positions: tf.range(0, ids.length, 1, "int32"), // [T]
    mask: tf.ones([1, ids.length]), // [1, T]
  };
}

/** -log of the probability of "cyberbullying", as a function of the first block's query-key-value matrix. */
function lossByMatrix({ architecture, params }, ids) {
  const tensors = gpt.mapParams(params, ({ data, shape }) => tf.tensor(data, shape));
  const [block, ...others] = tensors.gpt.blocks;
  const { attention } = block;
  return (weight) => {
    const changed = { ...block, attention: { ...attention, qkv: { ...attention.qkv, weight } } };
    const moved = { ...tensors, gpt: { ...tensors.gpt, blocks: [changed, ...others] } };
    const { ids: batch, positions, mask } = asTensors(ids);
    const logits = gpt.classifierLogits(moved, architecture, batch, positions, mask); // [1, 2]
    return tf.neg(tf.sum(tf.slice(tf.logSoftmax(logits), [0, 1], [1, 1])));
  };
}

/** A host tensor of one or two dimensions as nested arrays. */
function toArrays({ data, shape: [rows, columns] }) {
  if (columns === undefined) return [...data];
  return Array.from({ length: rows }, (_, row) => [...data.subarray(row * columns, (row + 1) * columns)]);
}

/** The places of the `count` largest, largest first. */
function largest(values, count) {
  return values
    .map((_, i) => i)
    .sort((a, b) => values[b] - values[a])
    .slice(0, count);
}

/** A token in quotes: as text, or byte by byte where it is a part of a character. */
function quoted(bytes) {
  try {
    return JSON.stringify(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return `"${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}"`;
  }
}

const fixed = (x, digits = 2) => x.toFixed(digits).replace(/^-(0\.?0*)$/, "$1");

/** The first eight numbers: a line's worth, and all that the toy has. */
function vector(x) {
  const shown = x.slice(0, 8).map((value) => fixed(value).padStart(6));
  return x.length > 8 ? `${shown.join("")} ... (${x.length})` : shown.join("");
}

/** Lines of a label and numbers, the numbers below each other. */
function labelled(rows) {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, numbers]) => `${label.padEnd(width)}  ${numbers}`);
}

function table(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join("  "),
  );
}

// GPT in plain JavaScript numbers: no tensors, no library, one message, every sum a loop. For reading and for looking at
// what lies between; walk.mjs compares it with @btp/core-gpt. Letters: T tokens, D width, N heads, H = D / N.

/** x · weight + bias for one vector. weight is [in][out]. */
export function linear(x, { weight, bias }) {
  return bias.map((start, out) => x.reduce((sum, value, i) => sum + value * weight[i][out], start));
}

/** (x - mean) / √(variance + ε) · gain + bias */
export function layerNorm(x, { gain, bias }, epsilon) {
  const mean = average(x);
  const deviation = Math.sqrt(average(x.map((value) => (value - mean) ** 2)) + epsilon);
  return x.map((value, i) => ((value - mean) / deviation) * gain[i] + bias[i]);
}

/** ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) */
export const gelu = (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** Numbers to shares: positive, with sum 1. The largest is taken off first, so that exp cannot overflow. */
export function softmax(scores) {
  const largest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

export const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
export const add = (a, b) => a.map((value, i) => value + b[i]);
const average = (x) => x.reduce((a, b) => a + b) / x.length;

/** One head: what each token asks, offers and tells, whom it listens to, and what it hears. x is [T][D]. */
export function attentionHead(x, qkv, head, numHeads) {
  const D = x[0].length;
  const H = D / numHeads;
  const projected = x.map((vector) => linear(vector, qkv)); // [T][3D]
  const part = (kind) => projected.map((row) => row.slice(kind * D + head * H, kind * D + (head + 1) * H)); // [T][H]
  const [queries, keys, values] = [part(0), part(1), part(2)];
  // A token sees itself and those before it: keys 0 to t.
  const scores = queries.map((q, t) => keys.slice(0, t + 1).map((k) => dot(q, k) / Math.sqrt(H))); // [T][t + 1]
  const weights = scores.map(softmax);
  const heard = weights.map((row) =>
    values[0].map((_, i) => row.reduce((sum, weight, s) => sum + weight * values[s][i], 0)),
  ); // [T][H]
  return { queries, keys, values, scores, weights, heard };
}

/** One block. x is [T][D]; everything on the way is returned too. */
export function block(x, params, { numHeads, layerNormEpsilon }) {
  const normed = x.map((vector) => layerNorm(vector, params.attentionNorm, layerNormEpsilon));
  const heads = Array.from({ length: numHeads }, (_, head) =>
    attentionHead(normed, params.attention.qkv, head, numHeads),
  );
  const middle = x.map((vector, t) =>
    add(
      vector,
      linear(
        heads.flatMap(({ heard }) => heard[t]),
        params.attention.projection,
      ),
    ),
  );
  const expanded = middle.map((vector) =>
    linear(layerNorm(vector, params.mlpNorm, layerNormEpsilon), params.mlp.expand),
  ); // [T][4D]
  const output = middle.map((vector, t) => add(vector, linear(expanded[t].map(gelu), params.mlp.project)));
  return { normed, heads, middle, expanded, output };
}

/** What tokens and pairs of neighbours say by themselves, where a model has a table of them. table is [R][2]. */
export function bigramLogits(table, ids, vocabSize) {
  const row = (number) => table[number % table.length];
  const said = ids.map((id, t) => add(row(id), row((t === 0 ? vocabSize : ids[t - 1]) * 40_009 + id)));
  return said.reduce(add, [0, 0]).map((sum) => (8 * sum) / Math.sqrt(ids.length));
}

/** From ids to both heads' logits. params: nested arrays in core-gpt's tree. */
export function forward({ gpt, head, bigrams }, config, ids) {
  const embedded = ids.map((id, t) => add(gpt.tokenEmbedding[id], gpt.positionEmbedding[t]));
  const blocks = [];
  let x = embedded;
  for (const params of gpt.blocks) {
    blocks.push(block(x, params, config));
    x = blocks.at(-1).output;
  }
  const hidden = x.map((vector) => layerNorm(vector, gpt.finalNorm, config.layerNormEpsilon));
  const pooled = hidden[0].map((_, i) => average(hidden.map((vector) => vector[i])));
  const deep = linear(pooled, head); // not cyberbullying, cyberbullying
  return {
    embedded,
    blocks,
    hidden,
    pooled,
    classLogits: bigrams ? add(deep, bigramLogits(bigrams, ids, config.vocabSize)) : deep,
    nextLogits: hidden.map((vector) => gpt.tokenEmbedding.map((row) => dot(vector, row))), // [T][V]
  };
}

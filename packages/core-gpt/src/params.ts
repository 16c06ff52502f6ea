/** The parameters of a GPT as a tree of `T`: TensorFlow.js tensors inside a function, plain arrays outside. */

/** `x · weight + bias`; weight is [in, out] as in OpenAI's conv1d, not PyTorch's [out, in]. */
export interface LinearParams<T> {
  readonly weight: T;
  readonly bias: T;
}

export interface LayerNormParams<T> {
  readonly gain: T;
  readonly bias: T;
}

export interface BlockParams<T> {
  readonly attentionNorm: LayerNormParams<T>;
  readonly attention: {
    /** Queries, keys and values side by side: [D, 3D]. */
    readonly qkv: LinearParams<T>;
    /** [D, D] */
    readonly projection: LinearParams<T>;
  };
  readonly mlpNorm: LayerNormParams<T>;
  readonly mlp: {
    /** [D, 4D] */
    readonly expand: LinearParams<T>;
    /** [4D, D] */
    readonly project: LinearParams<T>;
  };
}

export interface GptParams<T> {
  /** [V, D]; also the language-model head, transposed. */
  readonly tokenEmbedding: T;
  /** [C, D] */
  readonly positionEmbedding: T;
  readonly blocks: readonly BlockParams<T>[];
  readonly finalNorm: LayerNormParams<T>;
}

/** A GPT with a classification head on the mean of its hidden states: head.weight [D, numLabels]. */
export interface ClassifierParams<T> {
  readonly gpt: GptParams<T>;
  readonly head: LinearParams<T>;
  /** [R, numLabels]: what hashed tokens and pairs add to the logits; absent without `bigramBuckets`. */
  readonly bigrams?: T;
}

type Visit<T, U> = (value: T, path: string) => U;

/** Parameters of one `x · weight + bias`, each replaced by `visit(value, path)`. */
function mapLinear<T, U>(p: LinearParams<T>, visit: Visit<T, U>, path: string): LinearParams<U> {
  return { weight: visit(p.weight, `${path}.weight`), bias: visit(p.bias, `${path}.bias`) };
}

function mapLayerNorm<T, U>(p: LayerNormParams<T>, visit: Visit<T, U>, path: string): LayerNormParams<U> {
  return { gain: visit(p.gain, `${path}.gain`), bias: visit(p.bias, `${path}.bias`) };
}

function mapBlock<T, U>(p: BlockParams<T>, visit: Visit<T, U>, path: string): BlockParams<U> {
  return {
    attentionNorm: mapLayerNorm(p.attentionNorm, visit, `${path}.attentionNorm`),
    attention: {
      qkv: mapLinear(p.attention.qkv, visit, `${path}.attention.qkv`),
      projection: mapLinear(p.attention.projection, visit, `${path}.attention.projection`),
    },
    mlpNorm: mapLayerNorm(p.mlpNorm, visit, `${path}.mlpNorm`),
    mlp: {
      expand: mapLinear(p.mlp.expand, visit, `${path}.mlp.expand`),
      project: mapLinear(p.mlp.project, visit, `${path}.mlp.project`),
    },
  };
}

function mapGpt<T, U>(p: GptParams<T>, visit: Visit<T, U>, prefix: string): GptParams<U> {
  return {
    tokenEmbedding: visit(p.tokenEmbedding, `${prefix}tokenEmbedding`),
    positionEmbedding: visit(p.positionEmbedding, `${prefix}positionEmbedding`),
    blocks: p.blocks.map((block, i) => mapBlock(block, visit, `${prefix}blocks.${i}`)),
    finalNorm: mapLayerNorm(p.finalNorm, visit, `${prefix}finalNorm`),
  };
}

/**
 * The same tree with every parameter replaced by `visit(value, path)`. Paths are the keys joined by dots
 * ("blocks.0.attention.qkv.weight", in a classifier "gpt.blocks.0...."), and the order is always the same:
 * the order in which a forward pass meets them.
 */
export function mapParams<T, U>(params: ClassifierParams<T>, visit: Visit<T, U>): ClassifierParams<U>;
export function mapParams<T, U>(params: GptParams<T>, visit: Visit<T, U>): GptParams<U>;
export function mapParams<T, U>(
  params: GptParams<T> | ClassifierParams<T>,
  visit: Visit<T, U>,
): GptParams<U> | ClassifierParams<U> {
  if (!("gpt" in params)) return mapGpt(params, visit, "");
  const { gpt, head, bigrams } = params;
  return {
    gpt: mapGpt(gpt, visit, "gpt."),
    head: mapLinear(head, visit, "head"),
    ...(bigrams === undefined ? {} : { bigrams: visit(bigrams, "bigrams") }),
  };
}

/** Every parameter with its path, in `mapParams`'s order. */
export function flattenParams<T>(
  params: GptParams<T> | ClassifierParams<T>,
): { readonly path: string; readonly value: T }[] {
  const found: { path: string; value: T }[] = [];
  const collect = (value: T, path: string): void => void found.push({ path, value });
  if ("gpt" in params) mapParams(params, collect);
  else mapParams(params, collect);
  return found;
}

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
    /** [D, 3D]: queries, keys and values side by side. */
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
}

/** The architecture of one GPT. Names and defaults follow GPT-2's hparams.json (openai/gpt-2 src/model.py `default_hparams`). */
export interface GptConfig {
  /** V: number of token ids. */
  readonly vocabSize: number;
  /** C: longest sequence that has position embeddings. */
  readonly contextLength: number;
  /** D: width of the hidden states. */
  readonly width: number;
  /** L: number of blocks. */
  readonly numLayers: number;
  /** N: attention heads; each is width / numHeads wide. */
  readonly numHeads: number;
  /** Added to the variance in LayerNorm. */
  readonly layerNormEpsilon: number;
}

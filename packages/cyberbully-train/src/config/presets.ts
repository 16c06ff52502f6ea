/** Values for every knob. A preset is a starting point: configuration files and options go on top of it. */
import type { TrainConfig } from "./knobs.js";

const shared = {
  textColumn: "Text",
  labelColumn: "Label",
  out: "models/my-detector",
  normalise: false,
  loraRank: 0,
  loraAlpha: 16,
  loraDropout: 0.05,
  loraBlocks: "all",
  loraMatrices: "all",
  trunkDropout: false,
  trunkPrecision: "fp32",
  trunkMemory: 2,
  cache: true,
  offline: false,
  accumulate: 1,
  stepMemory: 2,
  clip: 1.0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  labelSmoothing: 0,
  classWeights: "none",
  calibrate: true,
  fitThreshold: false,
  store: "auto",
  seed: 1,
  engine: "auto",
  resume: false,
  overwrite: false,
  checkpointSeconds: 60,
  logs: "logs",
} as const satisfies Partial<TrainConfig>;

/** Fine-tuning of GPT-2 as in the original recipe: last block, final LayerNorm and a new head. */
const gpt2 = {
  ...shared,
  base: "gpt2",
  numLayers: 12,
  width: 768,
  numHeads: 12,
  bigramBuckets: 0,
  minTokenCount: 0,
  embeddingDeviation: 0.02,
  maxLength: 512,
  unfreezeBlocks: 1,
  epochs: 3,
  batchSize: 64,
  learningRate: 1e-5,
  minLearningRate: 1e-6,
  warmUp: 0,
  weightDecay: 0.01,
  dropout: 0.1,
  headDropout: 0,
  tokenDropout: 0,
  positionShift: 0,
  languageModelWeight: 0,
  averageWeights: 0,
  evaluationsPerEpoch: 1,
  selectBy: "accuracy",
  patience: 0,
} as const satisfies TrainConfig;

export const presets = {
  /**
   * A small GPT from scratch; what `train` does when no base is named. Some thousand messages are few for it, so it is held
   * back on all sides: tokens are hidden and messages shifted, so that nothing is learned by its place or by one word alone;
   * embeddings start large and epsilon is large, so that AdamW does not rewrite a rare word at each of its few appearances;
   * an average of the weights is kept. A table of hashed tokens and pairs knows the phrases that two blocks cannot learn from so
   * little: docs/training.md tells what it is worth.
   */
  compact: {
    ...shared,
    base: "none",
    numLayers: 2,
    width: 128,
    numHeads: 4,
    bigramBuckets: 2 ** 17,
    normalise: true,
    minTokenCount: 2,
    embeddingDeviation: 0.1,
    maxLength: 128,
    unfreezeBlocks: "all",
    epochs: 4,
    batchSize: 64,
    learningRate: 1e-3,
    minLearningRate: 1e-5,
    warmUp: 0.1,
    weightDecay: 0.3,
    epsilon: 3e-4,
    dropout: 0.2,
    headDropout: 0.3,
    tokenDropout: 0.1,
    positionShift: 100,
    labelSmoothing: 0.1,
    languageModelWeight: 0,
    averageWeights: 0.99,
    evaluationsPerEpoch: 1,
    selectBy: "accuracy",
    patience: 3,
  },
  gpt2,
  /**
   * LoRA on every matrix of every block, at the learning rate of arXiv 2106.09685 for GPT-2: 1.2 million adapter values
   * where one block has 7 million. Nothing but the embeddings is computed once; with loraBlocks 2 the first ten blocks are.
   */
  lora: {
    ...gpt2,
    loraRank: 8,
    learningRate: 2e-4,
    minLearningRate: 2e-5,
    warmUp: 0.06,
  },
} as const satisfies Record<string, TrainConfig>;

export type PresetName = keyof typeof presets;

export const presetNames = Object.keys(presets) as PresetName[];

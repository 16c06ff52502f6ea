/** Values for every knob. A preset is a starting point: configuration files and options go on top of it. */
import type { TrainConfig } from "./knobs.js";

const shared = {
  textColumn: "Text",
  labelColumn: "Label",
  out: "models/my-detector",
  trunkDropout: false,
  cache: true,
  offline: false,
  accumulate: 1,
  clip: 1.0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  labelSmoothing: 0,
  classWeights: "none",
  calibrate: true,
  fitThreshold: false,
  seed: 1,
  engine: "auto",
  resume: false,
  overwrite: false,
  checkpointSeconds: 60,
  logs: "logs",
} as const satisfies Partial<TrainConfig>;

export const presets = {
  /** A small GPT from scratch; what `train` does when no base is named. */
  compact: {
    ...shared,
    base: "none",
    numLayers: 2,
    width: 128,
    numHeads: 4,
    minTokenCount: 3,
    maxLength: 128,
    unfreezeBlocks: "all",
    epochs: 8,
    batchSize: 64,
    learningRate: 1e-3,
    minLearningRate: 1e-5,
    warmUp: 0.1,
    weightDecay: 0.1,
    dropout: 0.2,
    headDropout: 0.2,
    tokenDropout: 0.1,
    averageWeights: 0,
    evaluationsPerEpoch: 1,
    selectBy: "accuracy",
    patience: 4,
  },
  /** Fine-tuning of GPT-2 as in the original recipe: last block, final LayerNorm and a new head. */
  gpt2: {
    ...shared,
    base: "gpt2",
    numLayers: 12,
    width: 768,
    numHeads: 12,
    minTokenCount: 0,
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
    averageWeights: 0,
    evaluationsPerEpoch: 1,
    selectBy: "accuracy",
    patience: 0,
  },
} as const satisfies Record<string, TrainConfig>;

export type PresetName = keyof typeof presets;

export const presetNames = Object.keys(presets) as PresetName[];

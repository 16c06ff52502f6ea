export type { GptConfig } from "./config.js";
export type {
  BlockParams,
  ClassifierParams,
  GptParams,
  LayerNormParams,
  LinearParams,
} from "./params.js";

// Of a model: its sizes and its parameters, without its functions. No TensorFlow.js behind it, in code or in types.
export { checkConfig, type GptConfig, type GptConfigName, gptConfigs } from "./config.js";
export type { HostTensor } from "./host-tensor.js";
export {
  type BlockParams,
  type ClassifierParams,
  flattenParams,
  type GptParams,
  type LayerNormParams,
  type LinearParams,
  mapParams,
} from "./params.js";

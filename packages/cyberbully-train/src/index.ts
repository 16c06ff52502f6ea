export { type CommandOptions, type CommandStreams, runTrainCommand } from "./command.js";
export { createConfig } from "./config/config.js";
export { type KnobName, knobNames, type TrainConfig } from "./config/knobs.js";
export {
  describeTrainOptions,
  parseTrainArguments,
  type TrainArguments,
  type TrainOption,
  trainOptions,
} from "./config/options.js";
export { type PresetName, presetNames, presets } from "./config/presets.js";
export { readTrainArguments } from "./config/read-arguments.js";
export type { Example } from "./data/example.js";
export { type DistillOption, describeDistillOptions, distillOptions } from "./distill/distill-arguments.js";
export { runDistillCommand } from "./distill/distill-command.js";
export { type DistillOptions, distillDetector } from "./distill/distill-detector.js";
export { parseRecipe, type Recipe } from "./distill/recipe.js";
export type { DistilledDetector } from "./distill/write-distilled.js";
export { TrainError, type TrainErrorCode } from "./errors.js";
export { nearestName } from "./nearest-name.js";
export type { TrainedDetector } from "./output/write-detector.js";
export type { Figures } from "./run/figures.js";
export type { OnProgress, TrainEvent } from "./run/progress.js";
export type { EvaluationRecord } from "./run/run-position.js";
export { type TrainOptions, trainDetector } from "./train-detector.js";

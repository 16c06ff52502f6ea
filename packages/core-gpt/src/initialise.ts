/** Values for parameters that are trained from scratch: from a seed to plain host arrays. */
import type { GptConfig } from "./config.js";
import type { HostTensor } from "./host-tensor.js";
import { buildClassifierParams, buildParams, type ParameterEntry } from "./parameter-table.js";
import type { ClassifierParams, GptParams } from "./params.js";
import { createRandom, fillNormal, seedFor } from "./random.js";

/** The first value of one parameter. Each has a random stream of its own, so none depends on the others. */
export function initialiseParameter(entry: ParameterEntry, seed: number): HostTensor {
  const { path, shape, dtype, initialiser } = entry;
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (initialiser.kind === "ones") data.fill(1);
  if (initialiser.kind === "normal")
    fillNormal(data, initialiser.standardDeviation, createRandom(seedFor(seed, path)));
  return { dtype, shape, data };
}

/** A GPT as it is before training. The same seed gives the same values, bit for bit, on one version of Node. */
export function initialise(config: GptConfig, { seed }: { readonly seed: number }): GptParams<HostTensor> {
  return buildParams(config, (entry) => initialiseParameter(entry, seed));
}

/** A GPT with a classification head as it is before training. */
export function initialiseClassifier(
  config: GptConfig,
  { seed, numLabels = 2 }: { readonly seed: number; readonly numLabels?: number },
): ClassifierParams<HostTensor> {
  return buildClassifierParams(config, numLabels, (entry) => initialiseParameter(entry, seed));
}

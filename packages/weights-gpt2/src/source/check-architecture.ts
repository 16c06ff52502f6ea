/** The last check of a download: that it is the model which was asked for, and readable. */
import { WeightsError } from "../errors.js";
import { readConfig } from "../mapping/config.js";
import { locateWeights, openLocated } from "../mapping/open.js";
import { planLoad } from "../mapping/plan.js";
import type { PinnedModel } from "./manifest.js";

/** That what came is the model that was asked for; a checkpoint's own checksums stand in for the hash that is not known. */
export async function checkArchitecture(model: PinnedModel, folder: string): Promise<void> {
  const located = await locateWeights(folder);
  const config = await readConfig(located.configPath!);
  const file = await openLocated(located);
  try {
    for (const key of ["vocabSize", "contextLength", "width", "numLayers", "numHeads"] as const) {
      if (config[key] === model.config[key]) continue;
      throw new WeightsError(
        "CONFIG_INVALID",
        `${model.name} has ${key} ${model.config[key]}; what came says ${config[key]}.`,
      );
    }
    planLoad(file, config);
    if (file.format === "tensorflow-checkpoint")
      for (const name of file.tensors.keys()) await file.readBytes(name);
  } finally {
    await file.close();
  }
}

/** A detector that a recipe goes on from: its weights and vocabulary in place of the seed's and a count. */
import { flattenParams, type GptConfig, type HostTensor } from "@btp/core-gpt";
import { type DetectorArtifact, readArtifact } from "@btp/detector";
import { TrainError } from "../errors.js";
import type { FlatParams } from "../step/trained-part.js";
import type { Recipe } from "./recipe.js";

export interface StartDetector {
  /** Every parameter of the classifier, float32. A map to a teacher's vectors is not part of a detector: it starts anew. */
  readonly params: FlatParams<HostTensor>;
  readonly keptTokenIds: Int32Array | undefined;
  /** Of its model.safetensors, hex. */
  readonly sha256: string;
}

/**
 * @param folder - a detector directory that does not need a base
 * @throws {TrainError} BAD_BASE when its shape or its reading of texts is not the recipe's; DetectorError for the files themselves
 */
export async function readStart(folder: string, recipe: Recipe): Promise<StartDetector> {
  const artifact = await readArtifact(folder);
  const problems = differencesOf(artifact, recipe);
  if (problems.length > 0)
    throw new TrainError(
      "BAD_BASE",
      `Expected the detector that the recipe starts from to have the recipe's shape: ${problems.join(", ")}. Detector: ${folder}.`,
    );
  const { params, keptTokenIds, sha256 } = artifact;
  const flat = Object.fromEntries(flattenParams(params).map(({ path, value }) => [path, value]));
  return { params: flat, keptTokenIds, sha256 };
}

function differencesOf(
  { architecture, normalise }: DetectorArtifact,
  { model, normalise: wanted }: Recipe,
): string[] {
  const keys = ["numLayers", "width", "numHeads", "contextLength"] as const satisfies (keyof GptConfig)[];
  const { bigramBuckets } = architecture;
  return [
    // A table may be new in this recipe; one that is there is not left behind.
    ...(bigramBuckets === undefined || bigramBuckets === model.bigramBuckets
      ? []
      : [`bigramBuckets ${model.bigramBuckets ?? "none"} was asked for, ${bigramBuckets} is there`]),
    ...keys
      .filter((key) => architecture[key] !== model[key])
      .map((key) => `${key} ${model[key]} was asked for, ${architecture[key]} is there`),
    ...((normalise ?? false) === wanted
      ? []
      : [`normalise ${wanted} was asked for, ${normalise ?? false} is there`]),
  ];
}

/** Whether a detector is written whole, or as what was trained with the name of its base. */
import type { WriteArtifactOptions } from "@btp/detector";
import { findModel } from "@btp/weights-gpt2";
import type { TrainConfig } from "../config/knobs.js";
import { TrainError } from "../errors.js";
import type { StartWeights } from "../prepare/start-weights.js";
import { changedPaths, type TrainedPart } from "../step/trained-part.js";

/** Longer names are not read back. */
const maxReferenceLength = 200;

/**
 * A published base is found by its name on every machine. A folder of one's own is named by its absolute path, which moves with
 * neither the detector nor the folder, so a delta on it is written only when asked for.
 * @returns undefined for whole
 * @throws {TrainError} BAD_CONFIG when a delta is asked for and its base could not be found again
 */
export function deltaBase(
  { store }: TrainConfig,
  part: TrainedPart,
  { source }: Pick<StartWeights, "source">,
): WriteArtifactOptions["base"] {
  if (source === undefined || part.kind === "everything" || store === "whole") return undefined;
  if (store === "auto" && findModel(source.reference) === undefined) return undefined;
  if (source.reference.length > maxReferenceLength)
    throw new TrainError(
      "BAD_CONFIG",
      `Expected a base with a path of at most ${maxReferenceLength} characters to write a delta on, got ${source.reference.length}. Give --store whole.`,
    );
  const changed = changedPaths(part);
  return { name: source.reference, isTrained: (path) => changed.has(path) };
}

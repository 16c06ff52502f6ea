/** Whether an output directory may be written, and the checkpoint in it where a run goes on: one rule for every kind of run. */
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type * as z from "zod";
import { TrainError } from "../errors.js";
import { type AnyPosition, type Checkpoint, readCheckpointOf } from "./checkpoint.js";

export const checkpointFolderOf = (out: string): string => join(out, "checkpoint");

/**
 * @param out - absolute path of the output directory
 * @param positionSchema - of the kind of run
 * @returns undefined where the run starts anew
 * @throws {TrainError} NO_CHECKPOINT, OUTPUT_EXISTS, BAD_CHECKPOINT
 */
export async function findCheckpoint<Position extends AnyPosition>(
  { resume = false, overwrite = false }: { readonly resume?: boolean; readonly overwrite?: boolean },
  out: string,
  positionSchema: z.ZodType<Position>,
): Promise<Checkpoint<Position> | undefined> {
  refuseFileInPlaceOf(out);
  const folder = checkpointFolderOf(out);
  if (resume) {
    const found = await readCheckpointOf(folder, positionSchema);
    if (found) return found;
    throw noCheckpoint(out);
  }
  if (overwrite) return undefined;
  if (existsSync(join(folder, "checkpoint.json")))
    throw new TrainError(
      "OUTPUT_EXISTS",
      `${out} holds a run that was not finished. Give --resume to go on, or --overwrite to start anew.`,
    );
  if (isFinished(out))
    throw new TrainError(
      "OUTPUT_EXISTS",
      `${out} holds a detector. Give another --out, or --overwrite to replace it.`,
    );
  const other = writtenFiles.find((name) => existsSync(join(out, name)));
  if (other !== undefined)
    throw new TrainError(
      "OUTPUT_EXISTS",
      `${join(out, other)} is there already, and the detector's would replace it. Give another --out, or --overwrite.`,
    );
  return undefined;
}

/** Of a detector directory, beside config.json; plots come with README.md. */
const writtenFiles = ["model.safetensors", "README.md", "metrics.json", "run.json", "recipe.json"];

/** Found now rather than when the first checkpoint is written. */
function refuseFileInPlaceOf(out: string): void {
  let there = out;
  while (!existsSync(there)) there = dirname(there);
  if (!statSync(there).isDirectory())
    throw new TrainError(
      "OUTPUT_EXISTS",
      `${there} is a file, and a folder is needed there. Give another --out.`,
    );
}

/** @param out - absolute path of the output directory */
export function noCheckpoint(out: string): TrainError {
  const why = isFinished(out)
    ? `the run is finished: its detector is in ${out}, for \`--model ${out}\`. To train anew, leave out --resume and give another --out, or --overwrite to replace it.`
    : "there is none. Check --out, or leave out --resume to start anew.";
  return new TrainError(
    "NO_CHECKPOINT",
    `Expected a checkpoint to resume in ${checkpointFolderOf(out)}, but ${why}`,
  );
}

const isFinished = (out: string): boolean => existsSync(join(out, "config.json"));

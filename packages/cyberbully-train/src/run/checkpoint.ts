/**
 * A run on disk, complete enough to go on to the very same bits: weights, moments, random state, place in the data, best
 * so far. `checkpoint.json` is written last and names the tensor files with their sha256, so a crash at any moment leaves
 * the previous checkpoint whole.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { HostTensor } from "@btp/tfjs-jit";
import { openSafetensors, type SafetensorsEntry, WeightsError, writeSafetensors } from "@btp/weights-gpt2";
import * as z from "zod";
import { TrainError } from "../errors.js";
import type { StepState } from "../step/train-step.js";
import type { FlatParams } from "../step/trained-part.js";
import { type RunIdentity, type RunPosition, runIdentitySchema, runPositionSchema } from "./run-position.js";

/** What any kind of run tells of its place: updates done, and the update of the best weights where they are kept. */
export interface AnyPosition {
  readonly step: number;
  readonly bestStep: number;
}

export interface Checkpoint<Position extends AnyPosition = RunPosition> {
  readonly identity: RunIdentity;
  /** What was asked for, by option; only where the identity does not tell it. */
  readonly request?: Readonly<Record<string, string>> | undefined;
  readonly position: Position;
  readonly state: StepState<HostTensor>;
  /** Trained parameters of the best evaluation so far. */
  readonly best: FlatParams<HostTensor> | undefined;
}

const formatName = "btp-training-checkpoint";
const jsonName = "checkpoint.json";

const fileSchema = z.strictObject({
  name: z.string().regex(/^[a-z]+-\d{9}\.safetensors$/),
  sha256: z.string(),
});
const checkpointSchema = z.strictObject({
  format: z.literal(formatName),
  formatVersion: z.literal(1),
  identity: runIdentitySchema,
  request: z.record(z.string(), z.string()).optional(),
  /** Read by the schema of the kind of run that wrote it. */
  position: z.unknown(),
  state: fileSchema,
  best: fileSchema.optional(),
});

const sealedSchema = z.strictObject({ checkpoint: checkpointSchema, sha256: z.string() });

type StoredCheckpoint = z.infer<typeof checkpointSchema>;

const sections = ["parameters", "first", "second", "average"] as const;

/**
 * Writes a checkpoint over the one in `folder`.
 * @param bestStep - update after which `best` was taken; its file is written once and kept
 */
export async function writeCheckpoint<Position extends AnyPosition>(
  folder: string,
  checkpoint: Checkpoint<Position>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { identity, request, position, state, best } = checkpoint;
  const stateFile = fileName("state", position.step);
  await writeSafetensors(
    join(folder, stateFile),
    sections.flatMap((section) => entriesOf(state[section], `${section}/`)),
  );
  const bestFile = best === undefined ? undefined : fileName("best", position.bestStep);
  if (best !== undefined && bestFile !== undefined && !(await exists(join(folder, bestFile))))
    await writeSafetensors(join(folder, bestFile), entriesOf(best, ""));
  const describe = async (name: string) => ({ name, sha256: await sha256OfFile(join(folder, name)) });
  const stored: StoredCheckpoint = {
    format: formatName,
    formatVersion: 1,
    identity,
    ...(request === undefined ? {} : { request }),
    position,
    state: await describe(stateFile),
    ...(bestFile === undefined ? {} : { best: await describe(bestFile) }),
  };
  const sealed = { checkpoint: stored, sha256: sha256OfText(JSON.stringify(stored)) };
  await writeWhole(join(folder, jsonName), `${JSON.stringify(sealed, null, 1)}\n`);
  await removeOthers(folder, [stateFile, bestFile ?? ""]);
}

/**
 * @returns undefined where the folder holds no checkpoint
 * @throws {TrainError} BAD_CHECKPOINT naming the file that is damaged or does not belong
 */
export function readCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  return readCheckpointOf(folder, runPositionSchema);
}

/** The same for another kind of run. @param positionSchema - of that kind's position */
export async function readCheckpointOf<Position extends AnyPosition>(
  folder: string,
  positionSchema: z.ZodType<Position>,
): Promise<Checkpoint<Position> | undefined> {
  const path = join(folder, jsonName);
  const stored = await readStored(path);
  if (stored === undefined) return undefined;
  const position = positionSchema.safeParse(stored.position);
  if (!position.success) throw bad(path, describeIssue(position.error, "position"));
  const tensors = await readTensors(folder, stored.state);
  const section = (name: string): FlatParams<HostTensor> =>
    Object.fromEntries(
      Object.entries(tensors)
        .filter(([key]) => key.startsWith(`${name}/`))
        .map(([key, tensor]) => [key.slice(name.length + 1), tensor]),
    );
  return {
    identity: stored.identity,
    position: position.data,
    state: {
      parameters: section("parameters"),
      first: section("first"),
      second: section("second"),
      accumulated: {},
      average: section("average"),
    },
    best: stored.best === undefined ? undefined : await readTensors(folder, stored.best),
  };
}

/** What a run was asked for, without its tensors. @throws {TrainError} BAD_CHECKPOINT */
export async function readCheckpointRecord(
  folder: string,
): Promise<Pick<Checkpoint, "identity" | "request"> | undefined> {
  const stored = await readStored(join(folder, jsonName));
  return stored && { identity: stored.identity, request: stored.request };
}

/** Removes a finished run's checkpoint. */
export async function removeCheckpoint(folder: string): Promise<void> {
  if (await exists(join(folder, jsonName))) await rm(folder, { recursive: true });
}

async function readStored(path: string): Promise<StoredCheckpoint | undefined> {
  if (!(await exists(path))) return undefined;
  return parseStored(await readFile(path, "utf8"), path);
}

function parseStored(text: string, path: string): StoredCheckpoint {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw bad(path, "it is not JSON: truncated, or not written by this program", cause);
  }
  const parsed = sealedSchema.safeParse(json);
  if (!parsed.success) throw bad(path, describeIssue(parsed.error, "the file"));
  // zod rebuilds objects in the schema's order, so the digest is taken over the text's own value.
  const written = (json as { readonly checkpoint: unknown }).checkpoint;
  if (sha256OfText(JSON.stringify(written)) !== parsed.data.sha256)
    throw bad(path, "it was altered after it was written");
  return parsed.data.checkpoint;
}

function describeIssue(error: z.ZodError, whole: string): string {
  const issue = error.issues[0];
  return `${issue?.path.map(String).join(".") || whole}: ${issue?.message ?? "not understood"}`;
}

async function readTensors(
  folder: string,
  { name, sha256 }: { readonly name: string; readonly sha256: string },
): Promise<Record<string, HostTensor>> {
  const path = join(folder, name);
  if (!(await exists(path))) throw bad(path, `it is missing, and ${jsonName} names it`);
  if ((await sha256OfFile(path)) !== sha256)
    throw bad(path, `it is not the file that ${jsonName} was written with: truncated, altered or swapped`);
  try {
    const file = await openSafetensors(path);
    try {
      const found: Record<string, HostTensor> = {};
      for (const key of file.tensors.keys()) found[key] = await file.read(key);
      return found;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof WeightsError) throw bad(path, error.message, error);
    throw error;
  }
}

function bad(path: string, why: string, cause?: unknown): TrainError {
  return new TrainError(
    "BAD_CHECKPOINT",
    `Expected a checkpoint in ${path}, but ${why}. Remove its folder to start the run again.`,
    { cause },
  );
}

function entriesOf(params: FlatParams<HostTensor>, prefix: string): SafetensorsEntry[] {
  return Object.entries(params).map(([path, { shape, data }]) => {
    if (!(data instanceof Float32Array)) throw new TypeError(`${path} must be float32`);
    return { name: `${prefix}${path}`, dtype: "F32", shape, data };
  });
}

const fileName = (kind: string, step: number): string =>
  `${kind}-${String(step).padStart(9, "0")}.safetensors`;

const sha256OfText = (text: string): string => createHash("sha256").update(text).digest("hex");

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }))
    hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Beside its place, flushed, renamed: the file is the old one or the new one, never part of one. */
async function writeWhole(path: string, text: string): Promise<void> {
  const part = `${path}.part`;
  const file = await open(part, "w");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
}

/** Files of earlier checkpoints and of writes that were cut off. */
async function removeOthers(folder: string, keep: readonly string[]): Promise<void> {
  const ours = /^(state|best)-\d{9}\.safetensors(\..*part)?$/;
  for (const name of await readdir(folder))
    if (ours.test(name) && !keep.includes(name)) await rm(join(folder, name), { force: true });
}

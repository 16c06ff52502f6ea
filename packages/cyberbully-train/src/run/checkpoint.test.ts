import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostTensor } from "@btp/tfjs-jit";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createConfig } from "../config/config.js";
import { type Checkpoint, readCheckpoint, removeCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { checkSameRun, describeConfig, type RunIdentity } from "./run-position.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "btp-checkpoint-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const tensor = (...values: number[]): HostTensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});

const identity: RunIdentity = {
  config: describeConfig(createConfig({ epochs: 3 })),
  trainData: "a",
  validationData: "b",
  startWeights: "from the seed",
  engine: "tfjs-cpu",
};

function checkpointAt(step: number): Checkpoint {
  return {
    identity,
    position: {
      epoch: 1,
      batch: 2,
      step,
      random: [1, 2, 3, 0xffff_ffff],
      lossSum: 0.1,
      correct: 3,
      seen: 4,
      evaluations: [],
      bestStep: 5,
      evaluationsWithoutGain: 1,
      logBytes: 99,
      seconds: 1.5,
    },
    state: {
      parameters: { "head.bias": tensor(step, -0, 1e-40) },
      first: { "head.bias": tensor(3, 4, 5) },
      second: { "head.bias": tensor(6, 7, 8) },
      accumulated: {},
      average: {},
    },
    best: { "head.bias": tensor(9, 9, 9) },
  };
}

const stateFile = (step: number): string => join(folder, `state-00000000${step}.safetensors`);

it("comes back bit for bit, and only the newest stays", async () => {
  await writeCheckpoint(folder, checkpointAt(6));
  await writeCheckpoint(folder, checkpointAt(7));
  expect(await readCheckpoint(folder)).toEqual(checkpointAt(7));
  expect(readdirSync(folder).sort()).toEqual([
    "best-000000005.safetensors",
    "checkpoint.json",
    "state-000000007.safetensors",
  ]);
});

it("is absent where there is none, and gone when it was removed", async () => {
  expect(await readCheckpoint(folder)).toBeUndefined();
  await writeCheckpoint(folder, checkpointAt(6));
  await removeCheckpoint(folder);
  expect(await readCheckpoint(folder)).toBeUndefined();
});

it("is still the old one when a write was cut off before checkpoint.json", async () => {
  await writeCheckpoint(folder, checkpointAt(6));
  writeFileSync(stateFile(7), "half a file");
  expect((await readCheckpoint(folder))?.position.step).toBe(6);
});

/** Damages one file of a checkpoint; the error has to name it. */
const damages: readonly (readonly [string, string, () => void])[] = [
  ["truncated weights", "state-000000006.safetensors", () => truncateSync(stateFile(6), 100)],
  ["one changed byte", "state-000000006.safetensors", () => flipLastByte(stateFile(6))],
  ["missing weights", "state-000000006.safetensors", () => rmSync(stateFile(6))],
  [
    "weights of another file",
    "state-000000006.safetensors",
    () => copyFileSync(join(folder, "best-000000005.safetensors"), stateFile(6)),
  ],
  [
    "a changed best",
    "best-000000005.safetensors",
    () => flipLastByte(join(folder, "best-000000005.safetensors")),
  ],
  ["truncated JSON", "checkpoint.json", () => truncateSync(join(folder, "checkpoint.json"), 300)],
  ["a changed number", "checkpoint.json", () => editJson((text) => text.replace('"batch": 2', '"batch": 3'))],
  ["another program's JSON", "checkpoint.json", () => editJson(() => '{"model": "other"}')],
  [
    "a path that leaves the folder",
    "checkpoint.json",
    () => editJson((text) => text.replace("state-", "../state-")),
  ],
];

it.each(damages)("refuses %s and names %s", async (_what, file, damage) => {
  await writeCheckpoint(folder, checkpointAt(6));
  damage();
  await expect(readCheckpoint(folder)).rejects.toMatchObject({ code: "BAD_CHECKPOINT" });
  await expect(readCheckpoint(folder)).rejects.toThrow(file);
});

function flipLastByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] = bytes[bytes.length - 1]! ^ 1;
  writeFileSync(path, bytes);
}

function editJson(edit: (text: string) => string): void {
  const path = join(folder, "checkpoint.json");
  writeFileSync(path, edit(readFileSync(path, "utf8")));
}

it("goes on with the same run, also from other paths", () => {
  const moved = describeConfig(
    createConfig({ epochs: 3, out: "elsewhere", threads: 7, checkpointSeconds: 1 }),
  );
  expect(() => checkSameRun(identity, { ...identity, config: moved })).not.toThrow();
  const started = (base: string) => ({ ...identity, config: describeConfig(createConfig({ base })) });
  expect(() => checkSameRun(started("some/folder"), started("/moved/folder"))).not.toThrow();
  expect(() => checkSameRun(started("some/folder"), started("gpt2"))).toThrow(
    "base was some/folder and is gpt2",
  );
});

it("refuses to go on with other values or data, and lists what differs", () => {
  const other = describeConfig(createConfig({ epochs: 4, seed: 8 }));
  const attempt = () => checkSameRun(identity, { ...identity, config: other, trainData: "c", engine: "jit" });
  expect(attempt).toThrow(expect.objectContaining({ code: "CHECKPOINT_MISMATCH" }));
  expect(attempt).toThrow(
    /epochs was 3 and is 4; seed was 1 and is 8; the engine was tfjs-cpu and is jit; the training messages are others/,
  );
});

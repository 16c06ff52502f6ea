import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findCheckpoint } from "./find-checkpoint.js";
import { runPositionSchema } from "./run-position.js";

let out = "";
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "btp-out-"));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

const find = (folder: string, options = {}) => findCheckpoint(options, folder, runPositionSchema);

it("starts anew in a folder that is new, or holds nothing that would be replaced", async () => {
  writeFileSync(join(out, "notes.txt"), "");
  expect(await find(out)).toBeUndefined();
  expect(await find(join(out, "new", "folder"))).toBeUndefined();
});

it.each([
  ["config.json", "holds a detector. Give another --out, or --overwrite to replace it."],
  ["README.md", "README.md is there already, and the detector's would replace it."],
])("keeps what is there, unless it may be replaced: %s", async (name, expected) => {
  writeFileSync(join(out, name), "");
  await expect(find(out)).rejects.toMatchObject({
    code: "OUTPUT_EXISTS",
    message: expect.stringContaining(expected),
  });
  expect(await find(out, { overwrite: true })).toBeUndefined();
});

it("refuses a file in the folder's place before anything is computed", async () => {
  const file = join(out, "file");
  writeFileSync(file, "");
  for (const folder of [file, join(file, "in", "it")])
    await expect(find(folder, { overwrite: true })).rejects.toThrow(
      `${file} is a file, and a folder is needed there. Give another --out.`,
    );
});

it("says of a run to go on with that it is finished and where its detector is, or that there is none", async () => {
  await expect(find(out, { resume: true })).rejects.toMatchObject({
    code: "NO_CHECKPOINT",
    message: `Expected a checkpoint to resume in ${join(out, "checkpoint")}, but there is none. Check --out, or leave out --resume to start anew.`,
  });
  writeFileSync(join(out, "config.json"), "");
  await expect(find(out, { resume: true })).rejects.toMatchObject({
    code: "NO_CHECKPOINT",
    message: expect.stringContaining(
      `but the run is finished: its detector is in ${out}, for \`--model ${out}\`. To train anew, leave out --resume and give another --out, or --overwrite`,
    ),
  });
});

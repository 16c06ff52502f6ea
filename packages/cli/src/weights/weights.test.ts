import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runInProcess } from "../testing/run-in-process.js";
import { writeTinyGpt2 } from "../testing/tiny-gpt2.js";

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "btp-weights-"));
  await writeTinyGpt2(join(cwd, "tiny"));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const weights = (...args: string[]) => runInProcess(["weights", ...args], { cwd });

it("lists what is in a folder", async () => {
  const { code, stdout } = await weights("inspect", "tiny");
  expect(code).toBe(0);
  expect(stdout).toContain("mapping: fits");
  const json = await weights("inspect", "tiny", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ form: "safetensors", mapping: "fits" });
});

it("ends with 0 for sound weights and with 1 for damaged ones", async () => {
  expect(await weights("verify", "tiny")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^sound: /),
  });
  const path = join(cwd, "tiny", "model.safetensors");
  await writeFile(path, (await readFile(path)).subarray(0, 5000));
  const damaged = await weights("verify", "tiny", "--json");
  expect(damaged.code).toBe(1);
  expect(JSON.parse(damaged.stdout)).toMatchObject({ ok: false });
});

it("names the models there are", async () => {
  const { code, stderr } = await weights("download", "gpt9");
  expect(code).toBe(1);
  expect(stderr).toContain("gpt2, gpt2-medium, gpt2-large, gpt2-xl. [UNKNOWN_MODEL]");
});

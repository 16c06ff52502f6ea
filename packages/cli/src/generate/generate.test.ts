import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runInProcess } from "../testing/run-in-process.js";
import { writeTinyGpt2 } from "../testing/tiny-gpt2.js";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "btp-generate-"));
  await writeTinyGpt2(join(cwd, "tiny"));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

function run(args: readonly string[], engine = "tfjs-cpu") {
  return runInProcess(["generate", "Once upon", "--model", "tiny", "--engine", engine, ...args], { cwd });
}

it("writes on from the prompt, the same text for the same seed", async () => {
  const first = await run(["--seed", "3", "--max-tokens", "8"]);
  expect(first.code).toBe(0);
  expect(first.stdout).toMatch(/^Once upon.+\n$/s);
  expect(first.stderr).toMatch(/^8 tokens, .* ended by length; --seed 3\n$/);
  expect((await run(["--seed", "3", "--max-tokens", "8"])).stdout).toBe(first.stdout);
  expect((await run(["--seed", "4", "--max-tokens", "8"])).stdout).not.toBe(first.stdout);
});

it("writes the same compiled as eagerly", async () => {
  const args = ["--temperature", "0", "--max-tokens", "20", "--json"];
  const [eager, compiled] = [await run(args), await run(args, "jit")];
  expect(JSON.parse(compiled.stdout)).toEqual({ ...JSON.parse(eager.stdout), seed: expect.any(Number) });
});

it("ends where the model's context does", async () => {
  const { stdout } = await run(["--json", "--max-tokens", "1000", "--seed", "1"]);
  expect(JSON.parse(stdout)).toMatchObject({ prompt: "Once upon", finishReason: "context" });
});

it("ends at a stop text", async () => {
  const whole = JSON.parse((await run(["--json", "--temperature", "0", "--max-tokens", "10"])).stdout).text;
  const stop = whole.slice(5, 8);
  const { stdout } = await run(["--json", "--temperature", "0", "--max-tokens", "10", "--stop", stop]);
  expect(JSON.parse(stdout)).toMatchObject({
    text: whole.slice(0, whole.indexOf(stop)),
    finishReason: "stop",
  });
});

it("refuses what is no model, and never downloads offline", async () => {
  const cache = join(cwd, "empty-cache");
  const settings = { cwd, env: { BTP_CACHE: cache, HF_HOME: cache, HOME: cwd } };
  const offline = await runInProcess(["generate", "x", "--offline"], settings);
  expect(offline.code).toBe(1);
  expect(offline.stderr).toContain("[OFFLINE]");
  const unknown = await runInProcess(["generate", "x", "--model", "gpt9"], settings);
  expect(unknown.stderr).toContain("[NOT_FOUND]");
});

/** The program as a process: what only shows there. Runs from dist, so `tsc -b` comes first. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeTinyModel } from "./testing/tiny-model.js";

const bin = fileURLToPath(new URL("../bin/btp-cli.js", import.meta.url));
const built = existsSync(new URL("../dist/main.js", import.meta.url));
if (!built) process.stderr.write("bin.test.ts is skipped: dist is not built; run `npx tsc -b` first\n");

let cwd: string;
let running: ChildProcess[] = [];
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "btp-bin-"));
  await writeTinyModel(join(cwd, "tiny"));
});
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await rm(cwd, { recursive: true, force: true });
});

function start(args: readonly string[]) {
  const env = { ...process.env, BTP_ENGINE: "tfjs-cpu", NO_COLOR: "1" };
  const child = spawn(process.execPath, [bin, ...args], { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  running = [...running, child];
  return child;
}

describe.skipIf(!built)("btp-cli as a process", () => {
  it("answers, and leaves results and notices on their own streams", async () => {
    const child = start(["predict", "--model", "tiny", "--json", "x".repeat(40)]);
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "exit"),
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ tokens: 40, truncated: true });
    expect(stderr).toContain("btp-cli: message 1: 40 tokens, of which the first 24 were read\n");
  });

  it("answers a line of a pipe before the pipe ends", async () => {
    const child = start(["predict", "--model", "tiny", "--json"]);
    child.stdin.write("hello\n");
    const [first] = await once(child.stdout, "data");
    expect(JSON.parse(String(first))).toMatchObject({ text: "hello" });
    child.stdin.end();
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("ends quietly when its reader goes away", async () => {
    await writeFile(join(cwd, "many.txt"), "hello there\n".repeat(5000));
    const child = start(["predict", "--model", "tiny", "--file", "many.txt", "--json"]);
    const stderr = text(child.stderr);
    await once(child.stdout, "data");
    child.stdout.destroy();
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
    expect(await stderr).not.toContain("EPIPE");
  });

  it("ends on Ctrl-C", async () => {
    const child = start(["predict", "--model", "tiny"]);
    child.stdin.write("hello\n");
    await once(child.stdout, "data");
    child.kill("SIGINT");
    const [code, signal] = await once(child, "exit");
    expect(code === 130 || signal === "SIGINT").toBe(true);
  });

  it("leaves no half result behind when it is interrupted", async () => {
    await writeFile(join(cwd, "long.txt"), "hello there\n".repeat(200_000));
    const child = start(["predict", "--model", "tiny", "--file", "long.txt", "--out", "long-out.csv"]);
    const exit = once(child, "exit");
    while (!(await readdir(cwd)).some((name) => name.endsWith(".part"))) await setTimeout(20);
    child.kill("SIGINT");
    expect(await exit).toEqual([130, null]);
    expect((await readdir(cwd)).filter((name) => name.startsWith("long-out"))).toEqual([]);
  });

  it("ends with 2 for wrong usage and prints no stack", async () => {
    const child = start(["predict", "--nonsense"]);
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
    expect(code).toBe(2);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it("reports to the doctor's patient in JSON", async () => {
    const child = start(["doctor", "--json", "--model", "tiny"]);
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      engine: { wanted: "tfjs-cpu", chosen: "tfjs-cpu" },
      processor: { cores: expect.any(Number), vectorExtensions: expect.any(Array) },
      memory: { totalBytes: expect.any(Number) },
      versions: { node: process.versions.node, "onnxruntime-node": expect.any(String) },
      model: { name: "tiny", maxLength: 24 },
    });
  });
});

/** The server as a process of its own: signals, exit codes, orphans, what it prints. Runs dist/main.js. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { FAKE_DETECTOR, healthOf, makeFakeDirectory, until } from "./testing/test-server.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

interface Spawned {
  readonly child: ChildProcess;
  readonly url: string;
  readonly exit: Promise<number | string>;
  errors(): string;
}

const running: ChildProcess[] = [];
const directories: string[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

function run(argv: readonly string[], env: Record<string, string> = {}): Omit<Spawned, "url"> {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    env: { PATH: process.env.PATH ?? "", BTP_DETECTOR_MODULE: FAKE_DETECTOR, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  running.push(child);
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += String(chunk);
  });
  const exit = new Promise<number | string>((resolve) => {
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return { child, exit, errors: () => errors };
}

async function start(
  argv: readonly string[] = [],
  file: Record<string, unknown> = { name: "fake" },
): Promise<Spawned> {
  const directory = await makeFakeDirectory(file);
  directories.push(directory);
  const spawned = run(["--model", directory, "--port", "0", ...argv]);
  for (;;) {
    const url = /"url":"([^"]+)"/.exec(spawned.errors())?.[1];
    if (url !== undefined) return { ...spawned, url };
    if (spawned.child.exitCode !== null) throw new Error(`the server ended: ${spawned.errors()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const post = (url: string, message: string) =>
  fetch(`${url}/detect`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ message }),
  });

/** Linux: children by /proc; elsewhere the orphan test is skipped. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.trim().split(" ").filter(Boolean).map(Number);
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("the server process", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "finishes what is in flight on %s, then exits with 0",
    async (signal) => {
      const { child, url, exit } = await start();
      const answer = post(url, "@slow:500 still answered");
      await new Promise((resolve) => setTimeout(resolve, 150));
      child.kill(signal);
      const response = await answer;
      expect(response.status).toBe(200);
      await response.json();
      expect(await exit).toBe(0);
      await expect(post(url, "too late")).rejects.toThrow();
    },
  );

  it("answers 503 SHUTTING_DOWN at the end of the grace period, and still exits with 0", async () => {
    const { child, url, exit } = await start(["--grace-period-ms", "200"]);
    const answer = post(url, "@slow:5000");
    await until(async () => (await healthOf(url)).workers.busy === 1);
    child.kill("SIGTERM");
    const response = await answer;
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "SHUTTING_DOWN" });
    expect(await exit).toBe(0);
  });

  it("reloads its model on SIGHUP", async () => {
    const { child, url, errors } = await start();
    child.kill("SIGHUP");
    while (!errors().includes("model reloaded")) await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await post(url, "x")).status).toBe(200);
  });

  it.skipIf(process.platform !== "linux")("leaves no orphans when it is killed", async () => {
    const { child, exit } = await start(["--workers", "2"]);
    const workers = await childrenOf(child.pid ?? 0);
    expect(workers).toHaveLength(2);
    child.kill("SIGKILL");
    await exit;
    while (workers.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it("exits with 2 on wrong settings and 1 where it cannot start, saying why in one line", async () => {
    const wrong = run(["--prot", "1"]);
    expect(await wrong.exit).toBe(2);
    expect(wrong.errors()).toMatch(/--prot/);
    const missing = run(["--model", "/nowhere", "--log-level", "silent"]);
    expect(await missing.exit).toBe(1);
    expect(missing.errors()).toBe(
      "expected a detector directory at /nowhere: none there; name one with --model or BTP_SERVE_MODEL (npm run quickstart makes models/quickstart)\n",
    );
    const directory = await makeFakeDirectory({ name: "x", fail: "weights are broken" });
    directories.push(directory);
    const broken = run(["--model", directory, "--log-level", "silent"]);
    expect(await broken.exit).toBe(1);
    expect(broken.errors()).toContain("did not load: weights are broken");
    const { url } = await start();
    const taken = run([
      "--model",
      directories.at(-1) ?? "",
      "--port",
      new URL(url).port,
      "--log-level",
      "silent",
    ]);
    expect(await taken.exit).toBe(1);
    expect(taken.errors()).toMatch(/the port is in use; .* --port/);
  });
});

/** Kills training processes with SIGKILL, as a crash or the operating system would, and goes on. Runs the built package. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "@btp/test-kit";
import { afterEach, beforeEach, expect, it } from "vitest";

const program = join(repositoryRoot(), "packages", "cyberbully-train", "dist", "main.js");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "btp-resume-"));
  writeFileSync(join(folder, "train.csv"), toyCsv(40, 0));
  writeFileSync(join(folder, "validation.csv"), toyCsv(12, 1000));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Harmless two-word messages whose label is the parity of a number. */
function toyCsv(count: number, from: number): string {
  const rows = Array.from({ length: count }, (_, i) => `word ${(from + i * 37) % 91},${i % 2}`);
  return `Text,Label\n${rows.join("\n")}\n`;
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

function start(name: string, ...more: string[]): Started {
  const options = {
    width: 8,
    "num-heads": 2,
    "num-layers": 1,
    "batch-size": 8,
    dropout: 0.1,
    accumulate: 2,
  };
  const args = Object.entries(options).map(([flag, value]) => `--${flag}=${value}`);
  const files = ["--train", "train.csv", "--validation", "validation.csv", "--out", name, "--logs", "logs"];
  const fixed = ["--min-token-count", "1", "--average-weights", "0.9", "--bigram-buckets", "64"];
  return startWith(...files, ...args, ...fixed, ...more);
}

/** From what the checkpoint recorded. */
const resume = (name: string, ...more: string[]): Started => startWith("--resume", "--out", name, ...more);

function startWith(...args: string[]): Started {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, stderr }));
  });
  return { child, ended };
}

const logPath = (name: string): string => join(folder, "logs", `${name}.jsonl`);

/** Resolves when the log holds so many updates, or the process has ended. */
async function untilUpdate(name: string, updates: number, ended: Promise<Ended>): Promise<void> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    const text = existsSync(logPath(name)) ? readFileSync(logPath(name), "utf8") : "";
    if (text.split('"event":"step"').length - 1 >= updates) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The log without what differs between any two runs: clock and speed. */
function logged(name: string): unknown[] {
  return readFileSync(logPath(name), "utf8")
    .trim()
    .split("\n")
    .map((line) => {
      const {
        time: _time,
        messagesPerSecond: _speed,
        config: _config,
        ...rest
      } = JSON.parse(line) as Record<string, unknown>;
      return rest;
    });
}

// Compiled, an update takes so little time that only a longer run is still running when it is killed.
const runs = [
  { engine: "tfjs-cpu", epochs: 3, kills: [1, 4, 5, 9, 12] },
  { engine: "jit", epochs: 24, kills: [1, 7, 30, 60] },
];

it.each(runs)(
  "gives the bits of the undisturbed run after kill -9 at several points ($engine)",
  async ({ engine, epochs, kills }) => {
    const values = ["--engine", engine, "--epochs", String(epochs), "--patience", "0"];
    expect(await start("whole", ...values).ended).toMatchObject({ code: 0 });
    const often = [...values, "--checkpoint-seconds", "0"];
    let run = start("killed", ...often);
    for (const updates of kills) {
      await untilUpdate("killed", updates, run.ended);
      run.child.kill("SIGKILL");
      expect(await run.ended).toMatchObject({ signal: "SIGKILL" });
      // Killed before the first checkpoint there is nothing to resume: then it starts anew.
      const resumable = existsSync(join(folder, "killed", "checkpoint", "checkpoint.json"));
      run = resumable ? resume("killed") : start("killed", ...often);
    }
    expect(await run.ended).toMatchObject({ code: 0 });
    const weights = (name: string) => readFileSync(join(folder, name, "model.safetensors"));
    expect(weights("killed").equals(weights("whole"))).toBe(true);
    expect(logged("killed")).toEqual(logged("whole"));
  },
  300_000,
);

it("saves on SIGTERM, goes on from there, and refuses other values by name", async () => {
  const values = ["--engine", "tfjs-cpu", "--epochs", "3"];
  const first = start("stopped", ...values);
  await untilUpdate("stopped", 3, first.ended);
  first.child.kill("SIGTERM");
  expect(await first.ended).toMatchObject({ code: 130 });
  const other = await resume("stopped", "--seed", "9").ended;
  expect(other.code).toBe(1);
  expect(other.stderr).toContain("--seed was 1 and is 9");
  const careless = await start("stopped", ...values).ended;
  expect(careless.stderr).toContain("--resume to go on, or --overwrite");
  expect(await start("stopped", ...values, "--resume").ended).toMatchObject({ code: 0 });
  const again = await start("stopped", ...values, "--resume").ended;
  expect(again.stderr).toContain("the run is finished: its detector is in");
}, 300_000);

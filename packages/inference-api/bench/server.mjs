// Starts a server as a process of its own, as it is deployed, and tells what it and its workers hold in memory.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** Starts `command` and resolves with its process once `isUp` answers with a base URL. */
export async function startProcess(command, argv, env, isUp) {
  const child = spawn(command, argv, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  child.stderr.on("data", (chunk) => {
    // Only the beginning is looked at; the rest of a long run must not pile up.
    if (text.length < 65536) text += chunk;
  });
  const deadline = Date.now() + 180_000;
  for (;;) {
    const url = await isUp(text);
    if (url !== undefined) return { child, url, errors: () => text };
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`${command} did not start: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export function startBtp(model, argv = [], env = {}) {
  const flags = ["--model", model, "--port", "0", "--queue-capacity", "4096", ...argv];
  return startProcess(process.execPath, [MAIN, ...flags], env, (text) => /"url":"([^"]+)"/.exec(text)?.[1]);
}

export async function stop(child) {
  const gone = new Promise((resolve) => child.on("close", resolve));
  child.kill("SIGTERM");
  await gone;
}

/** Resident memory of a process and its children, MB; shared pages counted once by proportional set size. */
export function memoryMb(pid) {
  return ownMb(pid) + childrenOf(pid).reduce((sum, child) => sum + memoryMb(child), 0);
}

/** The same in parts: the process that speaks HTTP, its workers, both. */
export function memoryByProcess(pid) {
  const parent = ownMb(pid);
  const together = memoryMb(pid);
  return {
    parentMb: Math.round(parent),
    workersMb: Math.round(together - parent),
    memoryMb: Math.round(together),
  };
}

export function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean)
    .map(Number);
}

function ownMb(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024;
}

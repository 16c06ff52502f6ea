/**
 * One process at a time, by a file that only one can create. The holder touches it every few seconds, so that one which
 * crashed is told from one that works: its lock is taken over when it has gone quiet, or at once when its process is gone.
 */
import { randomUUID } from "node:crypto";
import { readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { z } from "zod";
import { WeightsError } from "../errors.js";
import type { Clock } from "./clock.js";

export interface LockOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** Called once if another process holds the lock. */
  readonly onWait: () => void;
  readonly heartbeatMs?: number;
  /** A lock untouched for this long is abandoned. */
  readonly staleMs?: number;
}

export interface FileLock {
  release(): Promise<void>;
}

const lockContent = z.object({ id: z.string(), pid: z.int(), host: z.string() });
type LockContent = z.infer<typeof lockContent>;

const POLL_MS = 250;

/** @throws {WeightsError} ABORTED; errors of the file system as they are */
export async function acquireLock(path: string, options: LockOptions): Promise<FileLock> {
  const { clock, signal, heartbeatMs = 5000, staleMs = 30_000 } = options;
  const content: LockContent = { id: randomUUID(), pid: process.pid, host: hostname() };
  let waited = false;
  while (!(await tryCreate(path, content))) {
    if (signal?.aborted) throw new WeightsError("ABORTED", "Stopped while another process was downloading.");
    if (await removeAbandoned(path, staleMs)) continue;
    if (!waited) options.onWait();
    waited = true;
    await clock.sleep(POLL_MS, signal).catch(() => undefined);
  }
  const timer = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, heartbeatMs);
  timer.unref();
  return {
    async release() {
      clearInterval(timer);
      // Another process may have taken it over after this one was asleep for long.
      if ((await readLock(path))?.id === content.id) await rm(path, { force: true });
    },
  };
}

async function tryCreate(path: string, content: LockContent): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(content), { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

async function readLock(path: string): Promise<LockContent | undefined> {
  try {
    const parsed = lockContent.safeParse(JSON.parse(await readFile(path, "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/**
 * True where the lock is gone afterwards. Looking and removing are two steps, so they are done under a second lock: without
 * it, two processes could both see the old lock, and the slower would remove the quicker one's new lock.
 */
async function removeAbandoned(path: string, staleMs: number): Promise<boolean> {
  if (!(await isAbandoned(path, staleMs))) return false;
  const guard = `${path}.takeover`;
  if (!(await tryCreate(guard, { id: randomUUID(), pid: process.pid, host: hostname() }))) {
    if (await isAbandoned(guard, staleMs)) await rm(guard, { force: true });
    return false;
  }
  try {
    if (!(await isAbandoned(path, staleMs))) return false;
    await rm(path, { force: true });
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

async function isAbandoned(path: string, staleMs: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  if (Date.now() - found.mtimeMs > staleMs) return true;
  const content = await readLock(path);
  return content !== undefined && content.host === hostname() && !isRunning(content.pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "./clock.js";
import { acquireLock, type LockOptions } from "./file-lock.js";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "btp-lock-"));
  path = join(folder, "lock");
});
afterEach(() => rm(folder, { recursive: true }));

const acquire = (options: Partial<LockOptions> = {}) =>
  acquireLock(path, {
    clock: { now: systemClock.now, sleep: () => systemClock.sleep(1) },
    signal: undefined,
    onWait: () => {},
    ...options,
  });

const lockOf = (pid: number, host = hostname()) => JSON.stringify({ id: "another", pid, host });

describe("acquireLock", () => {
  it("lets one in at a time, however many come at once", async () => {
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const lock = await acquire();
        most = Math.max(most, ++inside);
        await systemClock.sleep(2);
        inside--;
        await lock.release();
      }),
    );
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it("takes over at once from a process that is gone", async () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    await writeFile(path, lockOf(pid));
    let waited = false;
    const lock = await acquire({ onWait: () => (waited = true) });
    expect(waited).toBe(false);
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("takes over from a holder elsewhere that has gone quiet, and from an unreadable lock", async () => {
    for (const content of [lockOf(1, "elsewhere"), "{"]) {
      await writeFile(path, content);
      const longAgo = new Date(Date.now() - 60_000);
      await utimes(path, longAgo, longAgo);
      await (await acquire()).release();
    }
  });

  it("is not held up by a takeover that crashed half-way", async () => {
    const longAgo = new Date(Date.now() - 60_000);
    for (const name of [path, `${path}.takeover`]) {
      await writeFile(name, lockOf(1, "elsewhere"));
      await utimes(name, longAgo, longAgo);
    }
    await (await acquire()).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("waits for a living holder, says so once, and can be stopped", async () => {
    await writeFile(path, lockOf(process.pid));
    const stop = new AbortController();
    let waits = 0;
    const waiting = acquire({ signal: stop.signal, onWait: () => waits++ });
    await systemClock.sleep(20);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    expect(waits).toBe(1);
    expect(await readdir(folder)).toEqual(["lock"]);
  });

  it("stays alive by its heartbeat", async () => {
    const lock = await acquire({ heartbeatMs: 5 });
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(path, longAgo, longAgo);
    await systemClock.sleep(50);
    await writeFile(join(folder, "note"), "");
    const stop = new AbortController();
    const second = acquire({ signal: stop.signal, staleMs: 10_000 });
    await systemClock.sleep(20);
    stop.abort();
    await expect(second).rejects.toMatchObject({ code: "ABORTED" });
    await lock.release();
  });

  it("does not remove a lock that another process has taken over", async () => {
    const lock = await acquire();
    await writeFile(path, lockOf(process.pid));
    await lock.release();
    expect(await readdir(folder)).toEqual(["lock"]);
  });
});

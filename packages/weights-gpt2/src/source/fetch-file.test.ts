import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WeightsError } from "../errors.js";
import { type MisbehavingServer, type Misbehaviour, startServer } from "../testing/misbehaving-server.js";
import { type FetchFileOptions, fetchFile } from "./fetch-file.js";
import type { PinnedFile } from "./manifest.js";

const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7919) >> 3);
const sha256 = createHash("sha256").update(bytes).digest("hex");
const pinned: PinnedFile = { name: "f", bytes: bytes.length, sha256 };

let server: MisbehavingServer;
let folder: string;
let path: string;
let url: string;
let waits: number[];
let reasons: string[];

beforeEach(async () => {
  server = await startServer();
  folder = await mkdtemp(join(tmpdir(), "btp-fetch-"));
  path = join(folder, "f");
  url = `${server.url}/f`;
  server.files.set("/f", { bytes, etag: '"v1"' });
  waits = [];
  reasons = [];
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function fetchIt(options: Partial<FetchFileOptions> = {}, pin: PinnedFile = pinned, from = url) {
  return fetchFile(from, path, pin, {
    token: undefined,
    clock: {
      now: () => performance.now(),
      sleep: async (milliseconds) => void waits.push(milliseconds),
    },
    random: () => 1,
    maxAttempts: 4,
    stallTimeoutMs: 5000,
    signal: undefined,
    ensureSpace: async () => {},
    onBytes: () => {},
    onRetry: (reason) => void reasons.push(reason),
    ...options,
  });
}

async function failure(action: Promise<unknown>): Promise<WeightsError> {
  const error = await action.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof WeightsError)) throw new Error(`expected a WeightsError, got ${String(error)}`);
  return error;
}

const ranges = () => server.seen.map(({ headers }) => headers.range);

async function expectComplete(): Promise<void> {
  expect((await readFile(path)).equals(bytes)).toBe(true);
  expect(await readdir(folder)).toEqual(["f"]);
}

describe("fetchFile", () => {
  it("downloads a file, gives it its name last and tells its hash", async () => {
    expect(await fetchIt()).toEqual({
      name: "f",
      bytes: bytes.length,
      sha256,
      url,
      checkedAgainst: "pinned",
    });
    await expectComplete();
    expect(server.seen[0]?.headers["accept-encoding"]).toBe("identity");
  });

  it("goes on where a connection was cut, provided that the file is the same", async () => {
    server.plans.set("/f", [
      { kind: "cut", after: 30_000 },
      { kind: "cut", after: 20_000 },
    ]);
    await fetchIt();
    await expectComplete();
    expect(ranges()).toEqual([undefined, "bytes=30000-", "bytes=50000-"]);
    expect(server.seen[1]?.headers["if-range"]).toBe('"v1"');
  });

  it("goes on in a new process after being stopped", async () => {
    server.plans.set("/f", [{ kind: "stall", after: 40_000 }]);
    const stop = new AbortController();
    const onBytes = (received: number) => {
      if (received >= 40_000) stop.abort();
    };
    expect(await failure(fetchIt({ signal: stop.signal, onBytes }))).toMatchObject({
      code: "ABORTED",
      message: expect.stringMatching(/The \d+ bytes that came are kept/),
    });
    expect((await readdir(folder)).sort()).toEqual(["f.part", "f.part.json"]);
    await fetchIt();
    await expectComplete();
    expect(ranges()).toEqual([undefined, "bytes=40000-"]);
  });

  it("begins again when the file on the server has changed in between", async () => {
    server.plans.set("/f", [{ kind: "cut", after: 30_000 }]);
    server.files.set("/f", { bytes: bytes.map((byte) => byte ^ 1), etag: '"v0"' });
    await failure(fetchIt({ maxAttempts: 1 }));
    server.files.set("/f", { bytes, etag: '"v1"' });
    await fetchIt();
    await expectComplete();
  });

  it("begins again where the server gives nothing to compare versions by", async () => {
    server.files.set("/f", { bytes, etag: null });
    server.plans.set("/f", [{ kind: "cut", after: 30_000 }]);
    await fetchIt();
    await expectComplete();
    expect(ranges()).toEqual([undefined, undefined]);
  });

  it("does not download again what is complete but for its name", async () => {
    await writeFile(`${path}.part`, bytes);
    await writeFile(
      `${path}.part.json`,
      JSON.stringify({ url, validator: '"v1"', totalBytes: bytes.length }),
    );
    await fetchIt();
    await expectComplete();
    expect(ranges()).toEqual(["bytes=100000-"]);
  });

  it.each<[string, Misbehaviour[], RegExp]>([
    ["stalls", [{ kind: "stall", after: 10_000 }], /nothing came for/],
    ["ignores ranges", [{ kind: "cut", after: 9 }, { kind: "ignore-range" }], /connection/],
    [
      "sends another range",
      [{ kind: "cut", after: 9_000 }, { kind: "wrong-range" }],
      /another range|connection/,
    ],
    ["claims too many bytes", [{ kind: "claim-length", length: 100_001 }], /offers 100001 bytes/],
    ["claims too few bytes", [{ kind: "claim-length", length: 5 }], /offers 5 bytes/],
    ["sends more than the file", [{ kind: "endless" }], /sent more than the 100000/],
    ["sends wrong bytes once", [{ kind: "wrong-bytes" }], /its SHA-256 is/],
    ["is busy", [{ kind: "status", status: 503 }], /answered 503/],
    [
      "fails inside",
      [
        { kind: "status", status: 500 },
        { kind: "status", status: 502 },
      ],
      /answered 50/,
    ],
  ])("gets the file in the end from a server that %s", async (_what, plan, reason) => {
    server.plans.set("/f", plan);
    await fetchIt({ stallTimeoutMs: 150 });
    await expectComplete();
    expect(reasons.join("\n")).toMatch(reason);
  });

  it("waits as long as the server asks, else twice as long each time", async () => {
    server.plans.set("/f", [
      { kind: "status", status: 429, headers: { "retry-after": "7" } },
      { kind: "status", status: 503 },
      { kind: "status", status: 503 },
    ]);
    await fetchIt();
    expect(waits).toEqual([7000, 1000, 2000]);
  });

  it("gives up at once when asked to wait for hours", async () => {
    server.plans.set("/f", [{ kind: "status", status: 429, headers: { "retry-after": "7200" } }]);
    expect((await failure(fetchIt())).message).toMatch(/asks to wait 7200 s/);
    expect(server.seen).toHaveLength(1);
  });

  it("keeps nothing that has the wrong hash", async () => {
    server.plans.set("/f", Array<Misbehaviour>(9).fill({ kind: "wrong-bytes" }));
    expect(await failure(fetchIt())).toMatchObject({ code: "CHECKSUM_MISMATCH" });
    expect((await readdir(folder)).includes("f")).toBe(false);
    expect((await readFile(`${path}.part`)).length).toBe(0);
  });

  it("gives up after some tries without progress and leaves what came", async () => {
    server.plans.set("/f", [
      { kind: "cut", after: 50_000 },
      ...Array<Misbehaviour>(9).fill({ kind: "cut", after: 1 }),
    ]);
    expect(await failure(fetchIt())).toMatchObject({ code: "DOWNLOAD_FAILED" });
    expect(server.seen).toHaveLength(4);
    expect((await readFile(`${path}.part`)).length).toBeGreaterThanOrEqual(50_000);
  });

  it.each([
    [404, "NOT_FOUND"],
    [410, "NOT_FOUND"],
    [401, "ACCESS_DENIED"],
    [403, "ACCESS_DENIED"],
    [418, "DOWNLOAD_FAILED"],
  ])("does not try again after status %i", async (status, code) => {
    server.plans.set("/f", [{ kind: "status", status }]);
    expect(await failure(fetchIt())).toMatchObject({ code });
    expect(server.seen).toHaveLength(1);
  });

  it("says where it could not connect to", async () => {
    await server.close();
    const error = await failure(fetchIt());
    expect(error.message).toMatch(/connection to 127\.0\.0\.1:\d+ failed \(ECONNREFUSED\), 4 times/);
    server = await startServer();
  });

  it("tries only twice where the server's name is unknown, as it is behind a firewall", async () => {
    const error = await failure(fetchIt({}, pinned, "http://no-such-host.invalid/f"));
    expect(error.message).toMatch(/no-such-host.invalid failed \((?:ENOTFOUND|EAI_AGAIN)\), 2 times/);
    expect(error.message).toMatch(/Nothing of the file came\.$/);
  });

  it("asks for room on the disk before it writes", async () => {
    const asked: number[] = [];
    const full = async (missing: number) => {
      asked.push(missing);
      throw new WeightsError("NOT_ENOUGH_SPACE", "full");
    };
    expect(await failure(fetchIt({ ensureSpace: full }))).toMatchObject({ code: "NOT_ENOUGH_SPACE" });
    expect(asked).toEqual([100_000]);
    expect((await readFile(`${path}.part`)).length).toBe(0);
  });

  it("refuses compressed bodies, whose lengths and ranges are another file's", async () => {
    server.plans.set("/f", [{ kind: "headers", headers: { "content-encoding": "gzip" } }]);
    expect((await failure(fetchIt())).message).toMatch(/compressed/);
  });
});

describe("redirects", () => {
  it("are followed, and the token stays with the first server", async () => {
    const storage = await startServer();
    storage.files.set("/signed?secret=1", { bytes, etag: '"s"' });
    const location = `${storage.url}/signed?secret=1`;
    server.plans.set("/f", [{ kind: "status", status: 307, headers: { location: "/f2" } }]);
    server.plans.set("/f2", [{ kind: "status", status: 302, headers: { location } }]);
    const { url: told } = await fetchIt({ token: "hf_canary" });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer hf_canary",
      "Bearer hf_canary",
    ]);
    expect(storage.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(told).toBe(url);
    await storage.close();
    await expectComplete();
  });

  it("do not get the token back when they return to the first server", async () => {
    const other = await startServer();
    server.plans.set("/f", [{ kind: "status", status: 302, headers: { location: `${other.url}/x` } }]);
    other.plans.set("/x", [{ kind: "status", status: 302, headers: { location: `${server.url}/g` } }]);
    server.files.set("/g", { bytes, etag: null });
    await fetchIt({ token: "hf_canary" });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer hf_canary", undefined]);
    await other.close();
  });

  it.each([
    ["nowhere", {}, /without saying where/],
    ["to a file", { location: "file:///etc/passwd" }, /no web address/],
    ["to an address with a password", { location: "http://a:b@127.0.0.1/" }, /password/],
  ])("%s are refused", async (_what, headers, message) => {
    server.plans.set("/f", [{ kind: "status", status: 302, headers }]);
    expect((await failure(fetchIt())).message).toMatch(message);
  });

  it("in a circle are refused", async () => {
    server.plans.set(
      "/f",
      Array<Misbehaviour>(99).fill({ kind: "status", status: 302, headers: { location: "/f" } }),
    );
    expect((await failure(fetchIt())).message).toMatch(/redirects more than 10 times/);
  });

  it("never put token or signature into an error", async () => {
    const secret = `${url}?X-Signature=canary`;
    server.plans.set("/f?X-Signature=canary", [{ kind: "status", status: 404 }]);
    const error = await failure(fetchIt({ token: "hf_canary" }, pinned, secret));
    expect(JSON.stringify([error.message, error.problems])).not.toMatch(/canary/);
  });
});

describe("what the hub tells about a file", () => {
  const unpinned: PinnedFile = { name: "f" };
  const serve = (headers: Record<string, string>) => server.plans.set("/f", [{ kind: "headers", headers }]);

  it("is checked: size and SHA-256 of a large file", async () => {
    serve({ "x-linked-etag": `"${sha256}"`, "x-linked-size": "100000" });
    expect(await fetchIt({}, unpinned)).toMatchObject({ sha256, checkedAgainst: "server" });
    serve({ "x-linked-etag": `"${"0".repeat(64)}"` });
    expect(await failure(fetchIt({ maxAttempts: 1 }, unpinned))).toMatchObject({ code: "DOWNLOAD_FAILED" });
    expect((await readdir(folder)).includes("f.part")).toBe(true);
  });

  it("is checked: git's hash of a small file", async () => {
    const blob = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
    serve({ "x-repo-commit": "c", etag: `"${blob}"` });
    expect(await fetchIt({}, unpinned)).toMatchObject({ checkedAgainst: "server" });
    server.plans.set(
      "/f",
      Array<Misbehaviour>(2).fill({
        kind: "headers",
        headers: { "x-repo-commit": "c", etag: `"${"0".repeat(40)}"` },
      }),
    );
    expect(await failure(fetchIt({}, unpinned))).toMatchObject({ code: "CHECKSUM_MISMATCH" });
  });

  it("is refused before a byte is read where it is not the pinned file", async () => {
    serve({ "x-linked-etag": `"${"0".repeat(64)}"` });
    expect((await failure(fetchIt())).message).toMatch(/another SHA-256 than the pinned/);
  });
});

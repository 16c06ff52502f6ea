/** Workers that die, hang and are replaced under load: nothing is lost and nothing is wrong. */
import { mkdtemp, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fakeDetection } from "./testing/fake-detector.js";
import {
  healthOf,
  makeFakeDirectory,
  startTestServer,
  type TestServer,
  until,
} from "./testing/test-server.js";

/** Requests of the load tests; a release is checked with more. */
const REQUESTS = Number(process.env.BTP_LOAD_REQUESTS ?? 1500);

interface Tally {
  right: number;
  wrong: number;
  readonly other: Map<number, number>;
}

/** `clients` clients, each sending its next message when the last is answered; every answer is compared. */
async function load(server: TestServer, requests: number, clients: number, models: string[]): Promise<Tally> {
  const tally: Tally = { right: 0, wrong: 0, other: new Map() };
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < requests) {
      const message = `message number ${next++} ${"of several words ".repeat(next % 9)}`;
      const response = await server.post("/detect", { message });
      const body = (await response.json()) as { score?: number; model?: string };
      if (response.status !== 200)
        tally.other.set(response.status, (tally.other.get(response.status) ?? 0) + 1);
      else if (models.some((name) => body.score === fakeDetection(name, message).score)) tally.right += 1;
      else tally.wrong += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return tally;
}

async function metric(server: TestServer, name: string): Promise<number> {
  const text = await (await server.get("/metrics")).text();
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

describe("supervision", { timeout: 60_000 + 60 * REQUESTS }, () => {
  it("answers everything, and rightly, while its workers are killed again and again", async () => {
    await using server = await startTestServer(
      { workers: 2, logRequests: false },
      { name: "fake", batchMs: 2 },
    );
    // On a busy machine a dead worker may still be listed at the next kill: it dies once.
    const killed = new Set<number>();
    const killer = setInterval(() => {
      const pids = server.workerPids();
      const pid = pids[killed.size % Math.max(1, pids.length)];
      if (pid === undefined) return;
      process.kill(pid, "SIGKILL");
      killed.add(pid);
    }, 200);
    const tally = await load(server, REQUESTS, 64, ["fake"]);
    clearInterval(killer);
    expect(killed.size).toBeGreaterThan(1);
    expect(tally).toEqual({ right: REQUESTS, wrong: 0, other: new Map() });
    // Each request counted once, however often its batch was retried.
    expect(await metric(server, 'btp_requests_total{route="/detect",outcome="200"}')).toBe(REQUESTS);
    await until(async () => (await metric(server, "btp_worker_deaths_total")) >= killed.size);
    expect(await metric(server, "btp_worker_deaths_total")).toBe(killed.size);
  });

  it("isolates a message that kills its worker: its neighbours are answered, it alone fails", async () => {
    await using server = await startTestServer({ workers: 2, retries: 0 }, { name: "fake", batchMs: 20 });
    const texts = ["one", "two", "@crash please", "three", "four"];
    const responses = await Promise.all(texts.map((message) => server.post("/detect", { message })));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 503, 200, 200]);
    expect(await responses[2]!.json()).toMatchObject({ code: "INFERENCE_FAILED" });
  });

  it("kills a worker that hangs and answers the others' requests with a new one", async () => {
    await using server = await startTestServer({ workerBatchMs: 300, retries: 0, workers: 1 });
    const [hung] = server.workerPids();
    const response = await server.post("/detect", { message: "@hang" });
    expect(response.status).toBe(503);
    expect((await server.post("/detect", { message: "after" })).status).toBe(200);
    expect(server.workerPids()).not.toContain(hung);
  });

  it("frees the place of a client that left before its turn", async () => {
    await using server = await startTestServer({ queueCapacity: 2, maxBatchMessages: 2, maxChunks: 2 });
    const running = server.post("/detect", { message: "@slow:1500" });
    await until(async () => (await healthOf(server.url)).workers.busy === 1);
    const leaving = new AbortController();
    const body = JSON.stringify({ messages: ["a", "b"] });
    const headers = { "content-type": "application/json" };
    const left = fetch(`${server.url}/detect/batch`, {
      method: "POST",
      headers,
      body,
      signal: leaving.signal,
    });
    left.catch(() => {});
    await until(async () => (await healthOf(server.url)).queue.depth === 2);
    expect((await server.post("/detect", { message: "c" })).status).toBe(429);
    leaving.abort();
    await until(async () => (await healthOf(server.url)).queue.depth === 0);
    expect((await server.post("/detect", { message: "c" })).status).toBe(200);
    await running;
    const text = await (await server.get("/metrics")).text();
    expect(text).toContain('btp_requests_total{route="/detect/batch",outcome="client-left"} 1');
  });

  it("swaps the model under load without dropping or mixing a request", async () => {
    const second = await makeFakeDirectory({ name: "second" });
    await using server = await startTestServer(
      { workers: 2, logRequests: false },
      { name: "first", batchMs: 2 },
    );
    const loading = load(server, REQUESTS, 32, ["first", "second"]);
    const info = await server.reload(second);
    expect(info.name).toBe("second");
    const after = (await (await server.post("/detect", { message: "x" })).json()) as { model: string };
    expect(after.model).toMatch(/^second@/);
    expect(await loading).toEqual({ right: REQUESTS, wrong: 0, other: new Map() });
    expect(server.workerPids()).toHaveLength(2);
    await rm(second, { recursive: true });
  });

  it("keeps the old model where the new one does not load, and lets one reload run at a time", async () => {
    const broken = await makeFakeDirectory({ name: "broken", fail: "weights are broken" });
    await using server = await startTestServer({ adminPort: 0 }, { name: "first" });
    const admin = (body: unknown, headers: Record<string, string> = {}) =>
      fetch(`${server.adminUrl}/admin/reload`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
    const refused = await admin({ model: broken });
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({ code: "RELOAD_FAILED" });
    expect((await admin({ model: "/nowhere" })).status).toBe(422);
    expect((await admin({ modle: "x" })).status).toBe(422);
    // A web page on this machine must not be able to do it.
    expect((await admin({}, { origin: "https://evil.example" })).status).toBe(404);
    const answer = (await (await server.post("/detect", { message: "x" })).json()) as { model: string };
    expect(answer.model).toMatch(/^first@/);
    const [one, other] = await Promise.all([admin({}), admin({})]);
    expect([one.status, other.status].sort()).toEqual([200, 409]);
    // Not on the public port.
    expect((await server.post("/admin/reload", {})).status).toBe(404);
    await rm(broken, { recursive: true });
  });

  it("restarts a dead worker with the model that is served, even when a link has moved on", async () => {
    const second = await makeFakeDirectory({ name: "second" });
    const folder = await mkdtemp(join(tmpdir(), "btp-link-"));
    const first = await makeFakeDirectory({ name: "first" });
    await symlink(first, join(folder, "current"));
    await using server = await startTestServer({ model: join(folder, "current") });
    await symlink(second, join(folder, "next"));
    await rename(join(folder, "next"), join(folder, "current"));
    const ask = async () =>
      ((await (await server.post("/detect", { message: "x" })).json()) as { model: string }).model.split(
        "@",
      )[0];
    process.kill(server.workerPids()[0]!, "SIGKILL");
    expect(await ask()).toBe("first");
    await server.reload();
    expect(await ask()).toBe("second");
    for (const directory of [first, second, folder]) await rm(directory, { recursive: true });
  });

  it("becomes unready when the model stops answering, and ready again when it does", async () => {
    await using server = await startTestServer({
      probeIntervalMs: 100,
      workerBatchMs: 1000,
      deadlineMs: 5000,
    });
    expect((await server.get("/health/ready")).status).toBe(200);
    const hung = server.post("/detect", { message: "@hang" });
    await until(async () => (await server.get("/health/ready")).status === 503);
    expect((await server.get("/health/live")).status).toBe(200);
    await hung;
    await until(async () => (await server.get("/health/ready")).status === 200);
  });
});

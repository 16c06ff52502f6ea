/** The server with the real library behind it: a tiny detector of random weights, written, loaded and asked. */
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Detector, loadDetector, writeArtifact } from "@btp/detector";
import { tinyArtifact } from "@btp/detector/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parseConfig } from "./config.js";
import { createLog } from "./log.js";
import type { DetectResponse } from "./schemas.js";
import { type RunningServer, startServer } from "./serve.js";

// The library computes the expected values in this process and the server's in its own, with the same engine, but in
// batches of other shapes: float32 sums in another order.
const TOLERANCE = 1e-5;

describe("a server of a real detector", () => {
  let folder: string;
  let detector: Detector;
  let server: RunningServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "btp-api-real-"));
    const directory = join(folder, "tiny");
    await mkdir(join(folder, "home"));
    // The workers inherit it: see the last test.
    vi.stubEnv("HOME", join(folder, "home"));
    await writeArtifact(directory, tinyArtifact());
    detector = await loadDetector(directory, { engine: "jit", threads: 1 });
    const config = parseConfig({ model: directory, port: 0, engine: "jit", threads: 1, workers: 1 });
    server = await startServer({ config, log: createLog("silent") });
  });
  afterAll(async () => {
    await server?.close();
    await detector?.dispose();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  async function ask(body: object): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return fetch(`${server.url}/detect`, { method: "POST", headers, body: JSON.stringify(body) });
  }

  it("answers as the library does, whatever runs together", async () => {
    const texts = [
      "You are so stupid!",
      "a",
      "lone \ud800 surrogate, NUL \u0000, 😀",
      "z".repeat(20_000),
      ...Array.from({ length: 40 }, (_, i) => `message ${i} ${"of words ".repeat(i % 6)}`),
    ];
    const expected = await detector.detect(texts);
    const answers = await Promise.all(
      texts.map(async (message) => (await (await ask({ message })).json()) as DetectResponse),
    );
    for (const [i, answer] of answers.entries()) {
      const { score, confidence, ...decision } = expected[i]!;
      expect(answer).toMatchObject({ ...decision, model: `tiny@${detector.info.sha256.slice(0, 12)}` });
      expect(Math.abs(answer.score - score)).toBeLessThan(TOLERANCE);
      expect(Math.abs(answer.confidence - confidence)).toBeLessThan(TOLERANCE);
    }
  });

  it("scores every part of a long message where asked, and no part is truncated", async () => {
    const message = "these are plain words and then 🤯🤯🤯 some that are dense ".repeat(12);
    const answer = (await (await ask({ message, longText: "chunk" })).json()) as DetectResponse;
    expect(answer).toMatchObject({ truncated: false });
    expect(answer.chunks?.count).toBeGreaterThan(12);
    const { start, end } = answer.chunks!.worst;
    const [worst] = await detector.detect([message.slice(start, end)]);
    expect(worst!.truncated).toBe(false);
    expect(Math.abs(answer.score - worst!.score)).toBeLessThan(TOLERANCE);
  });

  it("measures tokenization apart from inference", async () => {
    const response = await ask({ message: "timed" });
    expect(response.headers.get("server-timing")).toMatch(/tokenization;dur=\d/);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/btp_tokenization_duration_seconds_count [1-9]/);
    expect(metrics).toMatch(/btp_inference_duration_seconds_count [1-9]/);
  });

  it("reports to nobody: ONNX Runtime's telemetry would leave its device id in the home directory", async () => {
    expect(await readdir(join(folder, "home"))).toEqual([]);
  });
});

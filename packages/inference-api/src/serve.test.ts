import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fakeDetection } from "./testing/fake-detector.js";
import { startTestServer, type TestServer } from "./testing/test-server.js";

describe("a running server", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ workers: 2 });
  });
  afterAll(() => server.close());

  it("answers POST /detect with the library's decision", async () => {
    const response = await server.post("/detect", { message: "You are so stupid." });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f]+$/);
    expect(response.headers.get("server-timing")).toMatch(
      /^queue;dur=[\d.]+, tokenization;dur=[\d.]+, inference;dur=[\d.]+$/,
    );
    expect(await response.json()).toEqual({
      ...fakeDetection("fake", "You are so stupid."),
      model: `fake@${"f".repeat(12)}`,
    });
  });

  it("applies a request's own threshold to the same score", async () => {
    const { score } = fakeDetection("fake", "Hello");
    for (const threshold of [0, score, Math.min(1, score + 0.01), 1]) {
      const body = await (await server.post("/detect", { message: "Hello", threshold })).json();
      expect(body).toMatchObject({ score, threshold, isCyberbullying: score >= threshold });
    }
  });

  it("answers a batch in order", async () => {
    const messages = Array.from({ length: 100 }, (_, i) => `message ${i} ${"and on ".repeat(i % 7)}`);
    const response = await server.post("/detect/batch", { messages, threshold: 0.25 });
    const { results } = (await response.json()) as { results: { score: number }[] };
    expect(results.map(({ score }) => score)).toEqual(
      messages.map((text) => fakeDetection("fake", text).score),
    );
  });

  it("tells that a long message was truncated, or scores all its parts where asked", async () => {
    const message = Array.from({ length: 300 }, (_, i) => `word${i}`).join(" ");
    const cut = await (await server.post("/detect", { message })).json();
    expect(cut).toMatchObject({ truncated: true, tokens: 300 });
    const whole = (await (await server.post("/detect", { message, longText: "chunk" })).json()) as {
      score: number;
      chunks: { count: number; worst: { start: number; end: number } };
    };
    expect(whole).toMatchObject({ truncated: false, tokens: 300 });
    expect(whole.chunks.count).toBeGreaterThan(4);
    const { start, end } = whole.chunks.worst;
    expect(whole.score).toBe(fakeDetection("fake", message.slice(start, end)).score);
  });
});

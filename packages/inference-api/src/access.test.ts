/** Who may call, and from where: keys, origins, adapters' own ways. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fakeDetection } from "./testing/fake-detector.js";
import { startTestServer, type TestServer } from "./testing/test-server.js";

const KEYS = ["first-key-0123456789", "second-key-0123456789"];
const ORIGIN = "https://forum.example";

describe("access", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({
      apiKeys: KEYS,
      corsOrigins: [ORIGIN],
      openaiRoute: true,
      perspectiveRoute: true,
    });
  });
  afterAll(() => server.close());

  it("accepts each of several keys, as Bearer or as X-API-Key", async () => {
    for (const key of KEYS) {
      expect(
        (await server.post("/detect", { message: "x" }, { authorization: `Bearer ${key}` })).status,
      ).toBe(200);
      expect((await server.post("/detect", { message: "x" }, { "x-api-key": key })).status).toBe(200);
    }
  });

  it.each([
    {},
    { authorization: "Bearer" },
    { authorization: `Basic ${KEYS[0]}` },
    { authorization: `Bearer ${KEYS[0]}x` },
    { authorization: `Bearer ${KEYS[0]?.slice(0, -1)}` },
    { "x-api-key": `${KEYS[0]}, ${KEYS[1]}` },
  ] as Record<string, string>[])("refuses %j before it reads the body", async (headers) => {
    expect((await server.post("/detect", "not even json", headers)).status).toBe(401);
  });

  it("takes a key from the query only where Perspective's clients send it", async () => {
    expect((await server.post(`/detect?key=${KEYS[0]}`, { message: "x" })).status).toBe(401);
  });

  it("leaves health, metrics and documents open: probes have no keys", async () => {
    for (const path of [
      "/health",
      "/health/live",
      "/health/ready",
      "/metrics",
      "/docs",
      "/redoc",
      "/openapi.json",
      "/",
    ]) {
      expect((await server.get(path)).status).toBe(200);
    }
    expect(await (await server.get("/openapi.json")).text()).toContain('"securitySchemes"');
  });

  it("lets a browser's preflight with Authorization pass, for the origins configured and no other", async () => {
    const preflight = (origin: string) =>
      fetch(`${server.url}/detect`, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "authorization,content-type",
        },
      });
    const response = await preflight(ORIGIN);
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe(ORIGIN);
    expect(response.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("authorization");
    expect((await preflight("https://evil.example")).headers.get("access-control-allow-origin")).toBeNull();
    // An error must be readable for the page too.
    const refused = await server.post("/detect", {}, { origin: ORIGIN });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("access-control-allow-origin")).toBe(ORIGIN);
  });

  it("answers in OpenAI's shape, one result an input", async () => {
    const headers = { authorization: `Bearer ${KEYS[0]}` };
    const input = ["first", "second"];
    const response = await server.post(
      "/v1/moderations",
      { input, model: "omni-moderation-latest" },
      headers,
    );
    const { results } = (await response.json()) as {
      results: { flagged: boolean; categories: object; category_scores: Record<string, number> }[];
    };
    for (const [i, text] of input.entries()) {
      const { score, isCyberbullying } = fakeDetection("fake", text);
      expect(results[i]).toMatchObject({
        flagged: isCyberbullying,
        category_scores: { harassment: score, hate: 0 },
      });
      expect(Object.keys(results[i]?.categories ?? {})).toHaveLength(13);
    }
    const parts = await server.post("/v1/moderations", { input: [{ type: "text", text: "first" }] }, headers);
    expect(parts.status).toBe(200);
    const image = await server.post("/v1/moderations", { input: [{ type: "image_url" }] }, headers);
    expect(image.status).toBe(422);
    expect(await image.json()).toMatchObject({ error: { type: "invalid_request_error", param: null } });
  });

  it("answers in Perspective's shape, for the attributes asked and above the asked score", async () => {
    const path = `/v1alpha1/comments:analyze?key=${KEYS[0]}`;
    const comment = { text: "first" };
    const ask = async (requestedAttributes: object) =>
      (await server.post(path, { comment, requestedAttributes, languages: ["en"], doNotStore: true })).json();
    const { score } = fakeDetection("fake", "first");
    const summaryScore = { value: score, type: "PROBABILITY" };
    expect(await ask({ TOXICITY: {}, INSULT: { scoreType: "PROBABILITY" } })).toMatchObject({
      attributeScores: { TOXICITY: { summaryScore }, INSULT: { summaryScore } },
      languages: ["en"],
    });
    expect(await ask({ TOXICITY: { scoreThreshold: 1 } })).toMatchObject({ attributeScores: {} });
    expect(await ask({ SEXUALLY_EXPLICIT: {} })).toMatchObject({
      code: "INVALID_REQUEST",
      error: { code: 422, status: "INVALID_ARGUMENT" },
    });
  });
});

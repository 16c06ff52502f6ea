/** Every status code that the OpenAPI document names is produced here by the real server, and nothing else comes. */
import { writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import supertest from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApp } from "./app.js";
import { parseConfig } from "./config.js";
import { createLog } from "./log.js";
import { createMetrics } from "./metrics.js";
import { createOpenApiDocument } from "./openapi.js";
import { ERROR_TABLE } from "./problem.js";
import { createRequestSchemas, problem } from "./schemas.js";
import { rawDetect, sendRaw } from "./testing/raw-http.js";
import { healthOf, startTestServer, type TestServer, until } from "./testing/test-server.js";

const KEY = "a-key-that-is-long-enough";
const produced = new Set<number>();
const producedCodes = new Set<string>();

/** Checks a problem document against its schema and the table, and notes that it was seen. */
async function expectProblem(response: Response, code: keyof typeof ERROR_TABLE): Promise<void> {
  expect(response.headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
  const body = problem.parse(await response.json());
  expect(body).toMatchObject({ code, status: ERROR_TABLE[code].status, title: ERROR_TABLE[code].title });
  expect(response.status).toBe(body.status);
  expect(response.headers.get("x-request-id")).toBe(body.requestId);
  const needsRetryAfter =
    response.status === 429 || code === "INFERENCE_FAILED" || code === "DEADLINE_EXCEEDED";
  if (needsRetryAfter) expect(Number(response.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  produced.add(body.status);
  producedCodes.add(code);
}

function expectRaw(text: string, code: keyof typeof ERROR_TABLE): void {
  expect(text).toContain(`HTTP/1.1 ${ERROR_TABLE[code].status} `);
  expect(text).toContain("application/problem+json");
  expect(text).toContain(`"code":"${code}"`);
  produced.add(ERROR_TABLE[code].status);
  producedCodes.add(code);
}

describe("status codes", () => {
  let server: TestServer;
  const limits = {
    maxChunks: 4,
    queueCapacity: 4,
    maxBatchMessages: 4,
    maxBodyBytes: 4096,
    deadlineMs: 3000,
  };
  beforeAll(async () => {
    server = await startTestServer({ ...limits, headersTimeoutMs: 200, requestTimeoutMs: 300, retries: 1 });
  });
  afterAll(() => server.close());

  it("200: a decision", async () => {
    const response = await server.post("/detect", { message: "hello" });
    expect(response.status).toBe(200);
    produced.add(response.status);
  });

  it("400: a body that is no JSON or no UTF-8, a range outside its file, bytes that are no HTTP", async () => {
    await expectProblem(await server.post("/detect", '{"message": "x"'), "INVALID_JSON");
    await expectProblem(await server.post("/detect", ""), "INVALID_JSON");
    const headers = { "content-type": "application/json" };
    const body = Buffer.from([0x22, 0xff, 0x22]);
    await expectProblem(
      await fetch(`${server.url}/detect`, { method: "POST", headers, body }),
      "INVALID_JSON",
    );
    const outside = { range: "bytes=99999999-" };
    await expectProblem(await server.get("/docs/swagger-ui.css", outside), "BAD_REQUEST");
    expectRaw((await sendRaw(server.url, ["no http at all\r\n\r\n"])).text, "BAD_REQUEST");
  });

  it("404 and 405 with Allow", async () => {
    for (const path of [
      "/nothing",
      "/docs/%zz",
      "/docs/index.html",
      "/%2e%2e/package.json",
      "/health/",
      "/DETECT",
    ]) {
      const response = await server.get(path);
      if (response.status !== 405 && response.status !== 200) await expectProblem(response, "NOT_FOUND");
    }
    await expectProblem(await server.post("/v1/moderations", { input: "off by default" }), "NOT_FOUND");
    const response = await fetch(`${server.url}/detect`, { method: "DELETE" });
    expect(response.headers.get("allow")).toBe("POST");
    await expectProblem(response, "METHOD_NOT_ALLOWED");
    expectRaw(
      (await sendRaw(server.url, ["CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n"])).text,
      "METHOD_NOT_ALLOWED",
    );
  });

  it("408: a body that does not arrive", async () => {
    const { text } = await sendRaw(server.url, [rawDetect('{"message":"slow"}').slice(0, -3)], 3000);
    expectRaw(text, "REQUEST_TIMEOUT");
  });

  it("413: a body announced or arriving too large", async () => {
    await expectProblem(await server.post("/detect", { message: "x".repeat(5000) }), "BODY_TOO_LARGE");
    const chunked =
      "POST /detect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    const chunk = `1000\r\n${"x".repeat(4096)}\r\n`;
    expectRaw((await sendRaw(server.url, [chunked, chunk, chunk])).text, "BODY_TOO_LARGE");
  });

  it("415: another media type, charset or encoding", async () => {
    const types = ["text/plain", "application/json; charset=latin1", "application/jsonp", "application/xml"];
    for (const type of types) {
      const response = await server.post("/detect", { message: "x" }, { "content-type": type });
      await expectProblem(response, "UNSUPPORTED_MEDIA_TYPE");
    }
    const response = await server.post("/detect", { message: "x" }, { "content-encoding": "gzip" });
    await expectProblem(response, "UNSUPPORTED_MEDIA_TYPE");
    const fine = await server.post(
      "/detect",
      { message: "x" },
      { "content-type": 'Application/JSON; Charset="UTF-8"' },
    );
    expect(fine.status).toBe(200);
  });

  it("417: an expectation other than 100-continue", async () => {
    expectRaw(
      (await sendRaw(server.url, [rawDetect('{"message":"x"}', ["Expect: magic"])])).text,
      "EXPECTATION_FAILED",
    );
    const patient = await sendRaw(server.url, [rawDetect('{"message":"x"}', ["Expect: 100-continue"])]);
    expect(patient.statuses).toEqual([100, 200]);
  });

  it("422: wrong fields, each named, and a message of too many parts", async () => {
    const response = await server.post("/detect", { message: 5, threshold: 2, extra: true });
    const { errors } = (await response.clone().json()) as { errors: { pointer: string }[] };
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual(["", "/message", "/threshold"]);
    await expectProblem(response, "INVALID_REQUEST");
    const message = "many words ".repeat(300);
    await expectProblem(await server.post("/detect", { message, longText: "chunk" }), "MESSAGE_TOO_LONG");
  });

  it("429: a full queue, for one message as for a batch", async () => {
    const running = server.post("/detect", { message: "@slow:800" });
    await until(async () => (await healthOf(server.url)).workers.busy === 1);
    const waiting = server.post("/detect/batch", { messages: ["1", "2", "3", "4"] });
    await until(async () => (await healthOf(server.url)).queue.depth === 4);
    await expectProblem(await server.post("/detect", { message: "one more" }), "QUEUE_FULL");
    await expectProblem(await server.post("/detect/batch", { messages: ["one more"] }), "QUEUE_FULL");
    expect((await running).status).toBe(200);
    expect((await waiting).status).toBe(200);
  });

  it("429: a used-up allowance; 401: no key, a wrong key", async () => {
    await using limited = await startTestServer({ apiKeys: [KEY], rateLimitPerMinute: 2 });
    await expectProblem(await limited.post("/detect", { message: "x" }), "UNAUTHORIZED");
    const wrong = await limited.post("/detect", { message: "x" }, { authorization: `Bearer ${KEY}x` });
    expect(wrong.headers.get("www-authenticate")).toContain("Bearer");
    await expectProblem(wrong, "UNAUTHORIZED");
    const key = { "x-api-key": KEY };
    expect((await limited.post("/detect/batch", { messages: ["x", "y"] }, key)).status).toBe(200);
    await expectProblem(await limited.post("/detect", { message: "x" }, key), "RATE_LIMITED");
  });

  it("431: headers too large", async () => {
    const { text } = await sendRaw(server.url, [
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
    ]);
    expectRaw(text, "HEADERS_TOO_LARGE");
  });

  it("500: a fault of the server, told without its message", async () => {
    const config = parseConfig({ logLevel: "silent" });
    const moderate = () => {
      throw new TypeError("secret detail");
    };
    const metrics = createMetrics();
    const log = createLog("silent");
    const readiness = { ready: true, draining: false, lastAnswerMsAgo: 0 };
    const workers = { total: 1, ready: 1, busy: 0, restarts: 0 };
    const health = { info: server.info, workers, queueDepth: 0, readiness };
    const app = createApp({ config, moderator: { moderate }, health, metrics, log, version: "0" });
    const response = await supertest(app).post("/detect").send({ message: "x" });
    expect(response.body).toMatchObject({ code: "INTERNAL", status: 500 });
    expect(response.text).not.toContain("secret");
    produced.add(response.status);
    producedCodes.add("INTERNAL");
  });

  it("503: too late, failed too often, no worker, shutting down", async () => {
    await expectProblem(await server.post("/detect", { message: "@throw" }), "INFERENCE_FAILED");
    await using late = await startTestServer({ deadlineMs: 200 });
    await expectProblem(await late.post("/detect", { message: "@slow:1000" }), "DEADLINE_EXCEEDED");

    await using dying = await startTestServer({ deadlineMs: 300 });
    await writeFile(join(dying.directory, "fake.json"), '{"name":"fake","fail":"gone"}');
    for (const pid of dying.workerPids()) process.kill(pid, "SIGKILL");
    await expectProblem(await dying.post("/detect", { message: "x" }), "MODEL_UNAVAILABLE");
    await expectProblem(await dying.get("/health/ready"), "MODEL_UNAVAILABLE");
    expect(await (await dying.get("/health")).json()).toMatchObject({ status: "unavailable" });

    const ending = await startTestServer({ drainDelayMs: 1000 });
    const closed = ending.close();
    const response = await ending.get("/health/ready");
    expect(response.headers.get("connection")).toBe("close");
    await expectProblem(response, "SHUTTING_DOWN");
    await closed;
  });

  it("are those of the OpenAPI document, all of them and no others", () => {
    const config = parseConfig({
      apiKeys: [KEY],
      rateLimitPerMinute: 2,
      openaiRoute: true,
      perspectiveRoute: true,
    });
    const document = createOpenApiDocument({ config, schemas: createRequestSchemas(config), version: "0" });
    const documented = new Set(Object.keys(document.components?.responses ?? {}).map(Number));
    for (const operations of Object.values(document.paths ?? {})) {
      for (const { responses } of Object.values(operations) as { responses: object }[]) {
        for (const status of Object.keys(responses)) documented.add(Number(status));
      }
    }
    const ascending = (statuses: Set<number>) => [...statuses].sort((a, b) => a - b);
    expect(ascending(produced)).toEqual(ascending(documented));
    const publicCodes = Object.keys(ERROR_TABLE).filter((code) => !code.startsWith("RELOAD_"));
    expect([...producedCodes].sort()).toEqual(publicCodes.sort());
  });

  it("keep their connection usable after an error", async () => {
    const { hostname, port } = new URL(server.url);
    const { Agent } = await import("node:http");
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const post = (body: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { "content-type": "application/json" };
        const request = httpRequest(
          { hostname, port, agent, method: "POST", path: "/detect", headers },
          (response) => {
            response.resume().on("end", () => resolve(response.statusCode));
          },
        );
        request.on("error", reject).end(body);
      });
    expect(await post("{")).toBe(400);
    expect(await post('{"message":"x"}')).toBe(200);
    expect(await post(`{"message":"${"x".repeat(5000)}"}`)).toBe(413);
    expect(await post('{"message":"x"}')).toBe(200);
    agent.destroy();
  });
});

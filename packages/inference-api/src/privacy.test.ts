/** Nothing a client wrote, and no key, reaches the log or the metrics: tried with a canary on every path. */
import { expect, it } from "vitest";
import { sendRaw } from "./testing/raw-http.js";
import { startTestServer } from "./testing/test-server.js";

const CANARY = "canaryword7319";
const KEY = "canary-key-0123456789";

it("keeps texts and keys out of logs and metrics, whatever happens to the request", async () => {
  const settings = {
    apiKeys: [KEY],
    perspectiveRoute: true,
    openaiRoute: true,
    logLevel: "trace" as const,
    retries: 1,
  };
  await using server = await startTestServer({ ...settings, deadlineMs: 1000 });
  const key = { authorization: `Bearer ${KEY}` };
  const analyze = "/v1alpha1/comments:analyze";
  const comment = { comment: { text: CANARY }, requestedAttributes: { TOXICITY: {} } };
  const answers = [
    await server.post("/detect", { message: CANARY }, key),
    await server.post("/detect", { message: `${CANARY} @throw` }, key),
    await server.post("/detect", { message: `${CANARY} @crash` }, key),
    await server.post("/detect", { message: CANARY, [CANARY]: CANARY }, key),
    await server.post("/detect", `{"message":"${CANARY}`, key),
    await server.post("/detect", { message: CANARY }, { authorization: `Bearer ${CANARY}` }),
    await server.post(`/detect?text=${CANARY}`, { message: 5 }, key),
    await server.post("/v1/moderations", { input: [CANARY] }, key),
    await server.post(`${analyze}?key=${KEY}`, comment),
    await server.post("/detect", { message: `${CANARY} @slow:1500` }, key),
    await server.get(`/${CANARY}`, { "x-request-id": `${CANARY}!` }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([
    200, 503, 503, 422, 400, 401, 422, 200, 200, 503, 404,
  ]);
  await sendRaw(server.url, [`${CANARY}\r\n\r\n`]);
  const metrics = await (await server.get("/metrics")).text();
  expect(metrics).not.toContain(CANARY);
  expect(server.logged()).toContain('"outcome":"200"');
  expect(server.logged()).not.toContain(CANARY);
  expect(server.logged()).not.toContain(KEY);
  const health = await (await server.get("/health")).text();
  expect(health).not.toContain(CANARY);
});

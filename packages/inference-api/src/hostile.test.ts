/** Inputs made to hurt: each gets a clear 4xx or an answer, at once, and the server serves on. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { rawDetect, sendRaw } from "./testing/raw-http.js";
import { startTestServer, type TestServer } from "./testing/test-server.js";

describe("hostile input", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ logRequests: false, headersTimeoutMs: 300, requestTimeoutMs: 600 });
  });
  afterAll(() => server.close());
  // Whatever was sent, the next client must notice nothing, and prototypes must be as they were.
  afterEach(async () => {
    expect((await server.post("/detect", { message: "still there?" })).status).toBe(200);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  const mebibyte = 2 ** 20 - 100;
  it.each([
    ["1 MB of one letter", JSON.stringify({ message: "a".repeat(mebibyte) }), [200]],
    ["1 MB of spaces", JSON.stringify({ message: " ".repeat(mebibyte) }), [200]],
    [
      "1 MB of one letter, in parts",
      JSON.stringify({ message: "a".repeat(mebibyte), longText: "chunk" }),
      [200, 422],
    ],
    ["lone surrogates", '{"message":"\\ud800 \\udc00\\udc00 \\ud83d"}', [200]],
    ["NUL and controls", '{"message":"\\u0000\\u0001\\u001b[2J\\u202e"}', [200]],
    ["an emoji of many joined parts", JSON.stringify({ message: "👩‍👩‍👧‍👦".repeat(500) }), [200]],
    ["100,000 nested arrays", `{"message":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, [422]],
    ["100,000 nested objects", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`, [422]],
    ["100,000 unknown keys", `{${Array.from({ length: 50_000 }, (_, i) => `"key${i}":1`).join(",")}}`, [422]],
    ["an array of 300,000 messages", `{"messages":[${'"",'.repeat(300_000)}""]}`, [422], "/detect/batch"],
    ["an array of 400,000 numbers", `{"messages":[${"1,".repeat(400_000)}1]}`, [422], "/detect/batch"],
    ["wrong types", '{"message":{"toString":"x"},"threshold":"0.5","longText":1}', [422]],
    ["a number beyond double", '{"message":"x","threshold":1e999}', [422]],
    ["__proto__", '{"message":"x","__proto__":{"polluted":true}}', [422]],
    ["constructor.prototype", '{"message":"x","constructor":{"prototype":{"polluted":true}}}', [422]],
    ["a __proto__ that carries the message", '{"__proto__":{"message":"x"}}', [422]],
    ["null", "null", [422]],
    ["an array as the body", '["message"]', [422]],
    ["a duplicate field", '{"message":"a","message":"b"}', [200]],
    ["a byte order mark", '\ufeff{"message":"a"}', [200, 400]],
    ["a lone quote", '"', [400]],
  ] as [string, string, number[], string?][])("%s: %#", async (_name, body, statuses, path = "/detect") => {
    const response = await server.post(path, body);
    expect(statuses).toContain(response.status);
    const text = await response.text();
    // An answer must not grow with the attack.
    expect(text.length).toBeLessThan(10_000);
  });

  it("cuts off a slow loris, in headers and in the body", async () => {
    const [headers, body] = await Promise.all([
      sendRaw(server.url, ["POST /detect HTTP/1.1\r\nHost: x\r\nX-Slow:"], 5000),
      sendRaw(server.url, [rawDetect('{"message":"never complete"}').slice(0, -5)], 5000),
    ]);
    expect(headers).toMatchObject({ closed: true, statuses: [408] });
    expect(body).toMatchObject({ closed: true, statuses: [408] });
  });

  it("answers pipelined requests in order", async () => {
    const bodies = ["one", "two", "three"].map((message) => rawDetect(JSON.stringify({ message })));
    const { text, statuses } = await sendRaw(server.url, [
      bodies.join("") + rawDetect("{", ["Connection: close"]),
    ]);
    expect(statuses).toEqual([200, 200, 200, 400]);
    const order = [...text.matchAll(/"tokens":(\d+)|"code":"(\w+)"/g)].length;
    expect(order).toBe(4);
  });

  it.each([
    ["both lengths", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"],
    ["an obfuscated coding", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"],
    ["a coding after a tab", "Transfer-Encoding:\tchunked, identity\r\n\r\n0\r\n\r\n"],
    ["a space before the colon", "Content-Length : 5\r\n\r\nabcde"],
    ["a folded header", "X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n"],
    ["a bare line feed", "X-A: b\nContent-Length: 0\r\n\r\n"],
    ["a negative length", "Content-Length: -1\r\n\r\n"],
    ["a wrong chunk size", "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"],
    ["a NUL in a header", "X-A: b\0c\r\n\r\n"],
  ])("refuses smuggling by %s, and answers nothing after it", async (_name, rest) => {
    const hidden = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    const head = "POST /detect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    const { statuses } = await sendRaw(server.url, [head + rest + hidden], 2000);
    expect(statuses.length).toBeGreaterThan(0);
    expect(statuses[0]).toBeGreaterThanOrEqual(400);
    expect(statuses[0]).toBeLessThan(500);
    expect(statuses.filter((status) => status === 200)).toEqual([]);
  });

  it("refuses a request without Host", async () => {
    const { statuses } = await sendRaw(server.url, ["GET /health/live HTTP/1.1\r\n\r\n"]);
    expect(statuses).toEqual([400]);
  });
});

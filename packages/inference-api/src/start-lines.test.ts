import { expect, it } from "vitest";
import { parseConfig } from "./config.js";
import { startLines } from "./start-lines.js";

it("tells a person where to go, what runs and what is allowed, without secrets", () => {
  const secret = "super-secret-key-0001";
  const text = startLines(
    "http://127.0.0.1:8000",
    "btp-mini",
    parseConfig({ apiKeys: [secret], workers: 3 }),
  );
  expect(text).toMatch(/^Serving btp-mini at http:\/\/127\.0\.0\.1:8000\n/);
  expect(text).toContain("http://127.0.0.1:8000/docs");
  expect(text).toMatch(/3 with \d+ threads each, fp32/);
  expect(text).toMatch(/1048576 bytes a request, 1024 messages waiting, 10000 ms .*1 API keys/);
  expect(text).not.toContain(secret);
  expect(text.length).toBeLessThan(500);
});

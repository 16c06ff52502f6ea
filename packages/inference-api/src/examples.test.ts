/** The client examples do what they say, against a running server; a language that is not installed is skipped. */
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "./testing/test-server.js";

const run = promisify(execFile);
const KEY = "a-key-for-the-examples";
const example = (name: string) =>
  fileURLToPath(new URL(`../../../examples/clients/${name}`, import.meta.url));
const isInstalled = (program: string) => spawnSync(program, ["--version"]).status === 0;

describe("client examples", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ apiKeys: [KEY] });
  });
  afterAll(() => server.close());

  const environment = (key: string) => ({
    env: { PATH: process.env.PATH, BTP_URL: server.url, BTP_KEY: key },
  });

  it.each([
    ["node", "client.mjs"],
    ["python3", "client.py"],
  ])("%s prints one decision a message, and names the problem without a key", async (program, file) => {
    if (!isInstalled(program)) {
      process.stderr.write(`examples.test: skipped ${file}, no ${program}\n`);
      return;
    }
    const { stdout } = await run(program, [example(file), "first", "second"], environment(KEY));
    expect(stdout).toMatch(
      /^(not )?cyberbullying {2}score 0\.\d{3} {2}threshold 0\.5 {2}first\n.+ second\n$/,
    );
    await expect(run(program, [example(file), "x"], environment("wrong"))).rejects.toThrow(/UNAUTHORIZED/);
  });

  it.each([
    ["node", "client.mjs"],
    ["python3", "client.py"],
    ["sh", "curl.sh"],
  ])("%s says in one line that no server runs", (program, file) => {
    if (!isInstalled(program === "sh" ? "curl" : program)) return;
    // The discard port of this machine: nothing listens there.
    const env = { PATH: process.env.PATH, BTP_URL: "http://127.0.0.1:9" };
    const { status, stdout, stderr } = spawnSync(program, [example(file)], { env, encoding: "utf8" });
    expect(stderr).toMatch(/^no server answers at http:\/\/127\.0\.0\.1:9.*npx btp-cli serve.*BTP_URL\n$/);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  });

  it.skipIf(!isInstalled("curl"))("curl.sh prints two answers", async () => {
    const { stdout } = await run("sh", [example("curl.sh")], environment(KEY));
    const lines = stdout.trim().split("\n");
    expect(JSON.parse(lines[0] ?? "")).toHaveProperty("isCyberbullying");
    expect(JSON.parse(lines[1] ?? "").results).toHaveLength(2);
  });
});

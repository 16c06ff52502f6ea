import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { configFromEnvironment, parseConfig, printableConfig } from "./config.js";
import { readConfig, serveHelp } from "./config-sources.js";

const directory = mkdtempSync(join(tmpdir(), "btp-config-"));

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

describe("readConfig", () => {
  it("prefers flags to variables, variables to the file, the file to defaults", () => {
    const config = file("a.yaml", "port: 1\nworkers: 3\nbatchSize: 7\n");
    const env = { BTP_SERVE_PORT: "2", BTP_SERVE_WORKERS: "4", BTP_CACHE: "not ours" };
    const read = readConfig(["--config", config, "--port", "3", "--openai-route"], env);
    expect(read).toMatchObject({
      port: 3,
      workers: 4,
      batchSize: 7,
      maxBodyBytes: 2 ** 20,
      openaiRoute: true,
    });
    expect(readConfig(["--no-log-requests"], {}).logRequests).toBe(false);
    expect(readConfig([], { BTP_SERVE_CONFIG: config }).batchSize).toBe(7);
  });

  it("takes keys from a file and lists from commas", () => {
    const keys = file("keys", "# ours\nfirst-key-of-sixteen\n\nsecond-key-of-sixteen\n");
    const read = readConfig(
      ["--api-keys-file", keys, "--cors-origins", "https://a.example, https://b.example"],
      {},
    );
    expect(read.apiKeys).toEqual(["first-key-of-sixteen", "second-key-of-sixteen"]);
    expect(read.corsOrigins).toEqual(["https://a.example", "https://b.example"]);
  });

  it.each([
    [["--prot", "1"], {}, /--prot/],
    [["--port", "x"], {}, /--port \(BTP_SERVE_PORT, port in the file\): expected a whole number, got "x"$/],
    [["--port", ""], {}, /--port .* expected a whole number, got ""$/],
    [["--port", "70000"], {}, /--port .* expected at most 65535, got (70000|"70000")$/],
    [[], { BTP_SERVE_ENGINE: "cuda" }, /--engine .* expected one of auto, jit, .*, got "cuda"$/],
    [[], { BTP_SERVE_LOG_REQUESTS: "maybe" }, /--log-requests .* expected true or false, got "maybe"$/],
    [["--api-keys", "no-flag-for-secrets"], {}, /--api-keys/],
    [[], { BTP_SERVE_PROT: "1" }, /BTP_SERVE_PORT/],
    [["--config", "/nowhere.yaml"], {}, /nowhere/],
    [
      ["--max-batch-messages", "2000"],
      {},
      /--max-batch-messages .* at most --queue-capacity .* got 2000 and 1024/,
    ],
  ])("refuses %j %j, naming what is wrong", (argv, env, message) => {
    expect(() => readConfig(argv, env)).toThrow(expect.objectContaining({ code: "INVALID_CONFIG" }));
    expect(() => readConfig(argv, env)).toThrow(message);
  });

  it("refuses unknown keys and wrong shapes of a file, with the nearest name", () => {
    expect(() => readConfig(["--config", file("b.yaml", "worker: 2\n")], {})).toThrow(/"workers"/);
    expect(() => readConfig(["--config", file("c.yaml", "- 1\n")], {})).toThrow(/mapping/);
    expect(() => readConfig(["--config", file("d.yaml", "a: [")], {})).toThrow(/YAML/);
  });
});

describe("the configuration", () => {
  it("never shows a key, in print or in an error", () => {
    const secret = "super-secret-key-0001";
    expect(JSON.stringify(printableConfig(parseConfig({ apiKeys: [secret] })))).not.toContain(secret);
    const wrong = () => parseConfig({ apiKeys: [secret, "short"] });
    expect(wrong).toThrow(
      /BTP_SERVE_API_KEYS \(apiKeys in the file\), entry 1: expected at least 16 characters/,
    );
    expect(wrong).not.toThrow(/secret|"short"/);
  });

  it("reads every variable that help's rule names", () => {
    expect(configFromEnvironment({ BTP_SERVE_MAX_BODY_BYTES: "2048" })).toEqual({ maxBodyBytes: "2048" });
  });

  it("has a line of help for each flag and none for secrets", () => {
    const help = serveHelp();
    expect(help).toContain("--max-body-bytes VALUE");
    expect(help).toMatch(/--openai-route {2}.*serve POST \/v1\/moderations/);
    expect(help).not.toMatch(/--api-keys /);
  });
});

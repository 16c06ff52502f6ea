/** Starts real servers for tests: fake detectors in temporary directories, free ports, the log kept in memory. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig, type ServeConfig } from "../config.js";
import { createLog } from "../log.js";
import type { HealthResponse } from "../schemas.js";
import { type RunningServer, startServer } from "../serve.js";

/** The compiled fake: worker processes cannot load TypeScript. */
export const FAKE_DETECTOR = new URL("../../dist/testing/fake-detector.js", import.meta.url).href;

export interface TestServer extends RunningServer {
  readonly directory: string;
  /** Everything logged so far. */
  logged(): string;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @returns a directory that the caller removes */
export async function makeFakeDirectory(file: Record<string, unknown>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "btp-api-"));
  await writeFile(join(directory, "fake.json"), JSON.stringify(file));
  return directory;
}

export async function startTestServer(
  settings: Partial<ServeConfig> = {},
  file: Record<string, unknown> = { name: "fake" },
): Promise<TestServer> {
  const directory = await makeFakeDirectory(file);
  const lines: string[] = [];
  const log = createLog(settings.logLevel ?? "info", { write: (line) => void lines.push(line) });
  const config = parseConfig({ model: directory, port: 0, workers: 1, ...settings });
  const server = await startServer({ config, log, detectorModule: FAKE_DETECTOR });
  const close = async (): Promise<void> => {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  };
  return {
    url: server.url,
    adminUrl: server.adminUrl,
    get info() {
      return server.info;
    },
    workerPids: () => server.workerPids(),
    reload: (to) => server.reload(to),
    directory,
    logged: () => lines.join(""),
    get: (path, headers = {}) => fetch(server.url + path, { headers }),
    post: (path, body, headers = {}) =>
      fetch(server.url + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Waits for a state instead of guessing how long a busy machine needs to reach it; the test's own limit ends it. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** For `until`: what a server's /health says. */
export async function healthOf(url: string): Promise<HealthResponse> {
  return (await (await fetch(`${url}/health`)).json()) as HealthResponse;
}

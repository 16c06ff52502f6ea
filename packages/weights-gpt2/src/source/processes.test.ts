/**
 * Several processes that want the same weights, and one that dies on the way. They run from dist, as they do for users;
 * skipped where it has not been built.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadGpt2 } from "../mapping/load.js";
import { type MisbehavingServer, startServer } from "../testing/misbehaving-server.js";
import { systemClock } from "./clock.js";
import type { PinnedModel } from "./manifest.js";

const built = fileURLToPath(new URL("../../dist/source/fetch-weights.js", import.meta.url));
const golden = fileURLToPath(new URL("../../goldens/one-head", import.meta.url));
const weightsPath = "/someone/mini/resolve/0123456789abcdef/model.safetensors";

let server: MisbehavingServer;
let cacheFolder: string;
let model: PinnedModel;

beforeEach(async () => {
  server = await startServer();
  cacheFolder = await mkdtemp(join(tmpdir(), "btp-processes-"));
  for (const name of ["config.json", "model.safetensors"]) {
    const bytes = await readFile(join(golden, name));
    server.files.set(`/someone/mini/resolve/0123456789abcdef/${name}`, { bytes, etag: `"${name}"` });
  }
  model = {
    name: "mini",
    openaiName: "1M",
    parameters: "a thousand",
    config: (await loadGpt2(golden)).config,
    repository: "someone/mini",
    revision: "0123456789abcdef",
    huggingFaceFiles: [{ name: "config.json" }, { name: "model.safetensors" }],
    approximateBytes: 4636,
  };
});
afterEach(async () => {
  await server.close();
  await rm(cacheFolder, { recursive: true });
});

function start(): { readonly child: ChildProcess; readonly result: Promise<string> } {
  const options = { cacheFolder, endpoint: server.url, env: {} };
  const script = `
    const { fetchModel } = await import(${JSON.stringify(built)});
    const { fromCache } = await fetchModel(${JSON.stringify(model)}, ${JSON.stringify(options)});
    process.stdout.write(fromCache ? "cached" : "downloaded");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  return { child, result: once(child, "close").then(() => output) };
}

const downloads = () => server.seen.filter(({ path }) => path === weightsPath);

describe.skipIf(!existsSync(built))(
  "processes that want the same weights (skipped where dist is not built)",
  () => {
    it("download them once", async () => {
      const results = await Promise.all([start().result, start().result, start().result]);
      expect(results.sort()).toEqual(["cached", "cached", "downloaded"]);
      expect(downloads()).toHaveLength(1);
    });

    it("take over from one that was killed, and go on where it was", async () => {
      server.plans.set(weightsPath, [{ kind: "stall", after: 3000 }]);
      const first = start();
      const part = join(cacheFolder, "weights", "mini", "huggingface-0123456789ab", "model.safetensors.part");
      while ((await stat(part).catch(() => undefined))?.size !== 3000) await systemClock.sleep(20);
      const second = start();
      first.child.kill("SIGKILL");
      expect(await first.result).toBe("");
      expect(await second.result).toBe("downloaded");
      expect(downloads().map(({ headers }) => headers.range)).toEqual([undefined, "bytes=3000-"]);
      expect(await readdir(join(cacheFolder, "weights", "mini"))).toEqual(["huggingface-0123456789ab"]);
    });
  },
);

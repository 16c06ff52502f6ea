import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { flattenParams, type GptConfig } from "@btp/core-gpt";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { loadGpt2 } from "../mapping/load.js";
import { parameterNames } from "../mapping/name-map.js";
import { encodeCheckpoint } from "../testing/checkpoint-writer.js";
import { type MisbehavingServer, startServer } from "../testing/misbehaving-server.js";
import { systemClock } from "./clock.js";
import {
  type FetchEvent,
  type FetchWeightsOptions,
  fetchModel,
  fetchWeights,
  resolveBase,
} from "./fetch-weights.js";
import type { PinnedModel } from "./manifest.js";

const golden = fileURLToPath(new URL("../../goldens/one-head", import.meta.url));
const openaiFiles = new Map<string, Uint8Array>();
const hubFiles = new Map<string, Uint8Array>();
let model: PinnedModel;

beforeAll(async () => {
  for (const name of ["config.json", "model.safetensors"])
    hubFiles.set(name, await readFile(join(golden, name)));
  const { config, params } = await loadGpt2(golden);
  const names = parameterNames(config);
  const variables = flattenParams(params).map(({ path, value: { shape, data } }) => {
    const name = names.get(path)!.openai;
    return {
      name,
      type: 1,
      shape: name.endsWith("/w") ? [1, ...shape] : shape,
      bytes: new Uint8Array(data.buffer),
    };
  });
  const checkpoint = encodeCheckpoint(variables);
  const hparams = {
    n_vocab: config.vocabSize,
    n_ctx: config.contextLength,
    n_embd: config.width,
    n_head: 1,
    n_layer: 1,
  };
  openaiFiles.set("hparams.json", Buffer.from(JSON.stringify(hparams)));
  openaiFiles.set("checkpoint", Buffer.from('model_checkpoint_path: "model.ckpt"\n'));
  openaiFiles.set("model.ckpt.index", checkpoint.index);
  openaiFiles.set("model.ckpt.data-00000-of-00001", checkpoint.shards[0]!);
  model = pinnedAs(config);
});

function pinnedAs(config: GptConfig, more: Partial<PinnedModel> = {}): PinnedModel {
  const weights = hubFiles.get("model.safetensors")!;
  const sha256 = createHash("sha256").update(weights).digest("hex");
  return {
    name: "mini",
    openaiName: "1M",
    parameters: "a thousand",
    config,
    repository: "someone/mini",
    revision: "0123456789abcdef",
    huggingFaceFiles: [{ name: "config.json" }, { name: "model.safetensors", bytes: weights.length, sha256 }],
    approximateBytes: weights.length,
    ...more,
  };
}

let server: MisbehavingServer;
let cacheFolder: string;
let events: FetchEvent[];
let options: FetchWeightsOptions;

beforeEach(async () => {
  server = await startServer();
  cacheFolder = await mkdtemp(join(tmpdir(), "btp-cache-"));
  for (const [name, bytes] of hubFiles) {
    server.files.set(`/someone/mini/resolve/0123456789abcdef/${name}`, { bytes, etag: `"${name}"` });
    server.files.set(`/mirror/mini/${name}`, { bytes, etag: null });
  }
  for (const [name, bytes] of openaiFiles)
    server.files.set(`/openai/1M/${name}`, { bytes, etag: `"${name}"` });
  events = [];
  options = {
    cacheFolder,
    endpoint: server.url,
    openaiEndpoint: `${server.url}/openai`,
    env: { HOME: cacheFolder },
    onEvent: (event) => events.push(event),
    clock: { now: () => performance.now(), sleep: async () => {} },
    maxAttempts: 2,
  };
});
afterEach(async () => {
  await server.close();
  await rm(cacheFolder, { recursive: true });
});

const hubFolder = () => join(cacheFolder, "weights", "mini", "huggingface-0123456789ab");
const weightsPath = "/someone/mini/resolve/0123456789abcdef/model.safetensors";

describe("fetchModel", () => {
  it("downloads from the hub once and then uses the cache", async () => {
    const { folder, fromCache } = await fetchModel(model, options);
    expect({ folder, fromCache }).toEqual({ folder: hubFolder(), fromCache: false });
    expect((await loadGpt2(folder)).config).toEqual(model.config);
    expect((await readdir(folder)).sort()).toEqual(["config.json", "manifest.json", "model.safetensors"]);
    const asked = server.seen.length;
    expect(await fetchModel(model, options)).toEqual({ model: "mini", folder, fromCache: true });
    expect(server.seen).toHaveLength(asked);
  });

  it("tells in one line what comes, how large and where to, then how far it is", async () => {
    await fetchModel(model, options);
    const [start] = events;
    expect(start?.kind === "start" && start.text).toBe(
      `Downloading mini (a thousand parameters, about 4.64 kB) from ${server.url} to ${hubFolder()}`,
    );
    const last = events.findLast((event) => event.kind === "progress");
    expect(last).toMatchObject({ file: "model.safetensors", receivedBytes: 4636, totalBytes: 4636 });
    expect(events.at(-1)).toMatchObject({ kind: "done", folder: hubFolder() });
  });

  it("falls back to OpenAI's files, which give the same weights", async () => {
    const viaHub = await loadGpt2((await fetchModel(model, options)).folder);
    await rm(join(cacheFolder, "weights"), { recursive: true });
    server.plans.set(weightsPath, [{ kind: "status", status: 404 }]);
    const { folder } = await fetchModel(model, options);
    expect(folder).toBe(join(cacheFolder, "weights", "mini", "openai"));
    expect(events.some(({ kind }) => kind === "fallback")).toBe(true);
    expect((await loadGpt2(folder)).params).toEqual(viaHub.params);
  });

  it("sends the token to the hub only", async () => {
    server.plans.set(weightsPath, [{ kind: "status", status: 403 }]);
    await fetchModel(model, { ...options, env: { HOME: cacheFolder, HF_TOKEN: "hf_canary" } });
    const told = server.seen
      .filter(({ headers }) => headers.authorization !== undefined)
      .map(({ path }) => path);
    expect(told.every((path) => path.startsWith("/someone/mini/"))).toBe(true);
    expect(told).toHaveLength(2);
    expect(JSON.stringify(events)).not.toContain("hf_canary");
  });

  it("checks every tensor of OpenAI's files, whose hash is not known beforehand", async () => {
    server.plans.set(weightsPath, [{ kind: "status", status: 404 }]);
    const name = "/openai/1M/model.ckpt.data-00000-of-00001";
    server.plans.set(name, [{ kind: "wrong-bytes" }]);
    const error = await fetchModel(model, options).catch((caught: unknown) => caught);
    expect(String(error)).toMatch(/docs\/weights.md/);
    expect(String(error)).toMatch(/does not exist \(404\)/);
    expect(String(error)).toMatch(/do not match their checksum/);
  });

  it("refuses a proper file that is another model", async () => {
    const other = pinnedAs({ ...model.config, numLayers: 2 });
    const error = await fetchModel(other, options).catch((caught: unknown) => caught);
    expect(String(error)).toMatch(/mini has numLayers 2; what came says 1/);
  });

  it("contacts the mirror alone where one is set", async () => {
    const { folder } = await fetchModel(model, { ...options, mirror: `${server.url}/mirror/` });
    expect(folder).toBe(join(cacheFolder, "weights", "mini", "mirror"));
    expect(server.seen.every(({ path }) => path.startsWith("/mirror/mini/"))).toBe(true);
    // Later, without the mirror, what came from it is still there.
    expect(await fetchModel(model, options)).toMatchObject({ folder, fromCache: true });
  });

  it("never touches the network offline, and uses what is there", async () => {
    await expect(fetchModel(model, { ...options, offline: true })).rejects.toMatchObject({ code: "OFFLINE" });
    const env = { HOME: cacheFolder, BTP_OFFLINE: "1" };
    await expect(fetchModel(model, { ...options, env })).rejects.toMatchObject({ code: "OFFLINE" });
    expect(server.seen).toHaveLength(0);
    await fetchModel(model, options);
    expect(await fetchModel(model, { ...options, offline: true })).toMatchObject({ fromCache: true });
  });

  it("is done once for several that ask at the same time", async () => {
    const results = await Promise.all([
      fetchModel(model, options),
      fetchModel(model, options),
      fetchModel(model, options),
    ]);
    expect(results.map(({ fromCache }) => fromCache).sort()).toEqual([false, true, true]);
    expect(server.seen.filter(({ path }) => path === weightsPath)).toHaveLength(1);
    expect(await readdir(join(cacheFolder, "weights", "mini"))).toEqual(["huggingface-0123456789ab"]);
  });

  it("refuses cached files that were changed since, however quietly", async () => {
    const { folder } = await fetchModel(model, options);
    const path = join(folder, "model.safetensors");
    const bytes = await readFile(path);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(path, bytes);
    await expect(fetchModel(model, options)).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(path, bytes);
    await utimes(path, 1, 1);
    expect(await fetchModel(model, options)).toMatchObject({ fromCache: true });
    await rm(path);
    await expect(fetchModel(model, options)).rejects.toThrow(/model.safetensors is missing/);
  });

  it("does not fetch again a finished file that a crash kept from the manifest", async () => {
    const { folder } = await fetchModel(model, options);
    await rm(join(folder, "manifest.json"));
    await fetchModel(model, options);
    expect(server.seen.filter(({ path }) => path === weightsPath)).toHaveLength(1);
  });

  it("uses the pinned revision in Hugging Face's own cache", async () => {
    const hub = join(cacheFolder, "hub", "models--someone--mini", "snapshots", model.revision);
    await mkdir(hub, { recursive: true });
    const env = { HOME: cacheFolder, HF_HUB_CACHE: join(cacheFolder, "hub") };
    for (const [name, bytes] of hubFiles) await writeFile(join(hub, name), bytes);
    expect(await fetchModel(model, { ...options, env })).toEqual({
      model: "mini",
      folder: hub,
      fromCache: true,
    });
    await writeFile(join(hub, "model.safetensors"), "cut");
    expect(await fetchModel(model, { ...options, env })).toMatchObject({ fromCache: false });
  });

  it("stops when told to, and goes on later", async () => {
    server.plans.set(weightsPath, [{ kind: "stall", after: 2000 }]);
    const stop = new AbortController();
    const stopped = fetchModel(model, { ...options, signal: stop.signal });
    stopped.catch(() => undefined);
    const part = join(hubFolder(), "model.safetensors.part");
    while ((await stat(part).catch(() => undefined))?.size !== 2000) await systemClock.sleep(5);
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ code: "ABORTED" });
    await fetchModel(model, options);
    expect(server.seen.at(-1)?.headers.range).toBe("bytes=2000-");
  });
});

describe("names and addresses", () => {
  it("are checked before anything is done", async () => {
    await expect(fetchWeights("gpt5", options)).rejects.toThrow(
      /there are gpt2, gpt2-medium, gpt2-large, gpt2-xl/,
    );
    await expect(fetchWeights("gpt2", { ...options, endpoint: "ftp://x" })).rejects.toMatchObject({
      code: "BAD_OPTION",
    });
    const withPassword = { ...options, endpoint: "https://user:canary@example.com" };
    await expect(fetchWeights("gpt2", withPassword)).rejects.not.toThrow(/canary/);
    expect(await readdir(cacheFolder)).toEqual([]);
  });

  it("of a base may be a path, which wins, or a published size", async () => {
    expect(await resolveBase(golden, options)).toBe(golden);
    await expect(resolveBase("no/such/folder", options)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(resolveBase("124M", { ...options, offline: true })).rejects.toMatchObject({
      code: "OFFLINE",
    });
  });
});

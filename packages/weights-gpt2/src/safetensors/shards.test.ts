import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WeightsError } from "../errors.js";
import { openShardedSafetensors } from "./shards.js";
import { encodeSafetensors } from "./write.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "btp-shards-"));
  await shard("one.safetensors", ["a", "b"]);
  await shard("two.safetensors", ["c"]);
});
afterEach(() => rm(folder, { recursive: true }));

const shard = (file: string, names: string[]) =>
  writeFile(
    join(folder, file),
    encodeSafetensors(
      names.map((name) => ({ name, dtype: "U8", shape: [1], data: Uint8Array.of(name.charCodeAt(0)) })),
    ),
  );

async function openIndex(weightMap: unknown, text?: string) {
  const path = join(folder, "model.safetensors.index.json");
  await writeFile(path, text ?? JSON.stringify({ weight_map: weightMap }));
  return openShardedSafetensors(path);
}

async function problemsOf(weightMap: unknown, text?: string): Promise<string> {
  try {
    await (await openIndex(weightMap, text)).close();
  } catch (error) {
    if (error instanceof WeightsError) return error.problems.join("\n");
    throw error;
  }
  throw new Error("expected a WeightsError");
}

describe("openShardedSafetensors", () => {
  it("reads shards as one file", async () => {
    const file = await openIndex({ a: "one.safetensors", b: "one.safetensors", c: "two.safetensors" });
    expect([...file.tensors.keys()]).toEqual(["a", "b", "c"]);
    expect(Array.from((await file.read("c")).data)).toEqual([99]);
    await expect(file.read("d")).rejects.toMatchObject({ code: "TENSOR_NOT_FOUND" });
    await file.close();
  });

  it.each([
    "../one.safetensors",
    "/etc/passwd",
    "sub/one.safetensors",
    "..\\one.safetensors",
    "C:one.safetensors",
    ".safetensors",
    "one.bin",
    "a\0.safetensors",
    "",
  ])("refuses to leave its folder: %j", async (file) => {
    expect(await problemsOf({ a: file })).toMatch(/not the plain name/);
  });

  it("lists missing shards and every disagreement at once", async () => {
    const problems = await problemsOf({ a: "one.safetensors", d: "two.safetensors", e: "three.safetensors" });
    expect(problems).toMatch(/shard "three.safetensors" is missing/);
    expect(problems).toMatch(/"d" is not in "two.safetensors"/);
    expect(problems).toMatch(/"b" is in "one.safetensors", but the index says otherwise/);
    expect(problems).toMatch(/"c" is in "two.safetensors"/);
  });

  it("names the shard that is damaged", async () => {
    await writeFile(join(folder, "two.safetensors"), "no safetensors");
    const problems = await problemsOf({ a: "one.safetensors", b: "one.safetensors", c: "two.safetensors" });
    expect(problems).toMatch(/shard "two.safetensors": its header claims/);
  });

  it("refuses an index without a map, with equal names, or that is no JSON", async () => {
    expect(await problemsOf(undefined)).toMatch(/no weight_map/);
    expect(await problemsOf(undefined, "{")).toMatch(/not valid JSON/);
    const text = '{"weight_map":{"a":"one.safetensors","a":"two.safetensors"}}';
    expect(await problemsOf(undefined, text)).toMatch(/"a" occurs twice/);
  });
});

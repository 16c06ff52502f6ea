import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatInspection, inspectWeights, verifyWeights } from "./inspect.js";
import { openSafetensors } from "./safetensors/read.js";
import { encodeSafetensors } from "./safetensors/write.js";

const goldens = fileURLToPath(new URL("../goldens", import.meta.url));
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "btp-inspect-"));
  for (const name of ["config.json", "model.safetensors"])
    await copyFile(join(goldens, "one-head", name), join(folder, name));
});
afterEach(() => rm(folder, { recursive: true }));

const weights = () => join(folder, "model.safetensors");

describe("inspectWeights", () => {
  it("lists every tensor and says whether the model can be loaded", async () => {
    const text = formatInspection(await inspectWeights(folder)).replace(folder, "FOLDER");
    expect(text).toMatchInlineSnapshot(`
      "tensor                              dtype  shape         size
      transformer.h.0.attn.c_attn.bias    F32    [21]      84 bytes
      transformer.h.0.attn.c_attn.weight  F32    [7, 21]  588 bytes
      transformer.h.0.attn.c_proj.bias    F32    [7]       28 bytes
      transformer.h.0.attn.c_proj.weight  F32    [7, 7]   196 bytes
      transformer.h.0.ln_1.bias           F32    [7]       28 bytes
      transformer.h.0.ln_1.weight         F32    [7]       28 bytes
      transformer.h.0.ln_2.bias           F32    [7]       28 bytes
      transformer.h.0.ln_2.weight         F32    [7]       28 bytes
      transformer.h.0.mlp.c_fc.bias       F32    [28]     112 bytes
      transformer.h.0.mlp.c_fc.weight     F32    [7, 28]  784 bytes
      transformer.h.0.mlp.c_proj.bias     F32    [7]       28 bytes
      transformer.h.0.mlp.c_proj.weight   F32    [28, 7]  784 bytes
      transformer.ln_f.bias               F32    [7]       28 bytes
      transformer.ln_f.weight             F32    [7]       28 bytes
      transformer.wpe.weight              F32    [5, 7]   140 bytes
      transformer.wte.weight              F32    [11, 7]  308 bytes

      FOLDER/model.safetensors (safetensors)
      16 tensors, 805 values, 3.22 kB
      architecture: 1 blocks, 7 wide, 1 heads, 11 ids, 5 positions
      mapping: fits"
    `);
  });

  it("says what keeps the model from being loaded", async () => {
    await rm(join(folder, "config.json"));
    expect(await inspectWeights(folder)).toMatchObject({
      config: null,
      mapping: [expect.stringMatching(/no config.json/)],
    });
    await writeFile(join(folder, "config.json"), '{"model_type":"llama"}');
    expect((await inspectWeights(folder)).mapping).toEqual([expect.stringMatching(/llama/)]);
  });

  it("reads shards, and gives data that survives JSON", async () => {
    const inspection = await inspectWeights(join(goldens, "separate-head"));
    expect(inspection).toMatchObject({ form: "safetensors-shards", mapping: "fits" });
    expect(JSON.parse(JSON.stringify(inspection))).toEqual(inspection);
  });

  it("prints no control characters from names", async () => {
    await writeFile(
      weights(),
      encodeSafetensors([{ name: "\u001b[31m", dtype: "U8", shape: [1], data: new Uint8Array(1) }]),
    );
    expect(formatInspection(await inspectWeights(folder))).not.toContain("\u001b");
  });
});

describe("verifyWeights", () => {
  it("reads every tensor of a good file", async () => {
    expect(await verifyWeights(folder)).toMatchObject({
      ok: true,
      problems: [],
      tensorsRead: 16,
      hashed: "model.safetensors",
      checkedAgainst: "nothing but itself",
    });
  });

  it("requires the published hash where a model is named", async () => {
    const { ok, problems } = await verifyWeights(folder, { model: "gpt2" });
    expect(ok).toBe(false);
    expect(problems.join()).toMatch(/the published gpt2 has 248dfc39/);
    await expect(verifyWeights(folder, { model: "gpt9" })).rejects.toMatchObject({ code: "UNKNOWN_MODEL" });
  });

  it("finds values that are NaN or infinite", async () => {
    const file = await openSafetensors(weights());
    const entries = await Promise.all(
      [...file.tensors].map(async ([name, { shape }]) => {
        const data = Float32Array.from((await file.read(name)).data);
        if (name.endsWith("wte.weight")) data.set([Number.NaN, Number.POSITIVE_INFINITY]);
        return { name, dtype: "F32", shape, data } as const;
      }),
    );
    await file.close();
    await writeFile(weights(), encodeSafetensors(entries));
    expect((await verifyWeights(folder)).problems).toEqual([
      expect.stringMatching(/wte.weight": 2 values are NaN/),
    ]);
  });

  it("reports a damaged file as a result", async () => {
    await writeFile(weights(), (await readFile(weights())).subarray(0, 3000));
    const { ok, problems, tensorsRead } = await verifyWeights(folder);
    expect({ ok, tensorsRead }).toEqual({ ok: false, tensorsRead: 0 });
    expect(problems.join()).toMatch(/lie outside/);
  });

  it("compares with the hash at download", async () => {
    const bytes = await readFile(weights());
    const entry = { url: "u", checkedAgainst: "none", modifiedMs: 0 };
    const sha256 = (await verifyWeights(folder)).sha256;
    const manifest = (hash: string) => ({
      version: 1,
      model: "m",
      source: "s",
      files: [{ ...entry, name: "model.safetensors", bytes: bytes.length, sha256: hash }],
    });
    await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest(sha256)));
    expect(await verifyWeights(folder)).toMatchObject({ ok: true, checkedAgainst: "hash at download" });
    await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest("0".repeat(64))));
    expect((await verifyWeights(folder)).problems).toEqual([
      expect.stringMatching(/another SHA-256 than when/),
    ]);
  });

  it("stops when told to", async () => {
    await expect(verifyWeights(folder, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
    });
  });
});

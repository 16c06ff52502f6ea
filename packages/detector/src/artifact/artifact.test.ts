import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flattenParams, initialise, initialiseClassifier } from "@btp/core-gpt";
import { encodeSafetensors } from "@btp/weights-gpt2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tinyArchitecture, tinyArtifact } from "../testing/tiny-detector.js";
import { hashFile } from "./files.js";
import { readArtifact } from "./read.js";
import { writeArtifact } from "./write.js";

const architecture = { ...tinyArchitecture, vocabSize: 40 };
let folder: string;
let dir: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "btp-artifact-"));
  dir = join(folder, "model");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function editConfig(change: (config: Record<string, unknown>) => void): Promise<void> {
  const config = JSON.parse(await readFile(join(dir, "config.json"), "utf8"));
  change(config);
  await writeFile(join(dir, "config.json"), JSON.stringify(config));
}

/** Puts other tensors in place and makes config.json vouch for them, as a hostile directory would. */
async function replaceWeights(entries: Parameters<typeof encodeSafetensors>[0]): Promise<void> {
  await writeFile(join(dir, "model.safetensors"), encodeSafetensors(entries));
  const sha256 = await hashFile(join(dir, "model.safetensors"));
  await editConfig((config) => Object.assign(config, { weights: { precision: "float32", sha256 } }));
}

describe("a detector directory", () => {
  it("comes back as it was written, bit for bit in float32", async () => {
    const artifact = tinyArtifact({ architecture, threshold: 0.4, temperature: 1.7, maxLength: 12 });
    const sha256 = await writeArtifact(dir, artifact);
    const read = await readArtifact(dir);
    expect(read).toEqual({ ...artifact, sha256, precision: "float32" });
  });

  it.each([
    // Largest relative error of rounding: half of the last kept bit; int8: half a 127th of the column's largest value.
    ["float16", 2 ** -11],
    ["bfloat16", 2 ** -8],
    ["int8", 0.5 / 127],
  ] as const)("stores %s within its rounding error", async (precision, relative) => {
    const artifact = tinyArtifact({ architecture });
    await writeArtifact(dir, artifact, { precision });
    const written = flattenParams(artifact.params);
    const read = flattenParams((await readArtifact(dir)).params);
    for (const [i, { path, value }] of written.entries()) {
      const largest = Math.max(...value.data.map(Math.abs));
      value.data.forEach((expected, at) => {
        const error = Math.abs(read[i]!.value.data[at]! - expected);
        expect(error, path).toBeLessThanOrEqual(relative * largest * 1.001 + 1e-7);
      });
    }
  });

  it("keeps the ids of a restricted vocabulary", async () => {
    const keptTokenIds = Int32Array.from({ length: 40 }, (_, i) => i * 3);
    await writeArtifact(dir, tinyArtifact({ architecture, keptTokenIds }));
    expect((await readArtifact(dir)).keptTokenIds).toEqual(keptTokenIds);
  });

  it("says whether texts are normalised, and refuses a normalisation that it does not know", async () => {
    await writeArtifact(dir, tinyArtifact({ architecture, normalise: true }));
    expect((await readArtifact(dir)).normalise).toBe(true);
    await editConfig((config) => {
      config.tokenizer = { name: "gpt2", restricted: false, normalisation: "messages-v9" };
    });
    await expect(readArtifact(dir)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("replaces an older detector, keeps foreign files and leaves no temporary ones", async () => {
    await writeArtifact(dir, tinyArtifact({ architecture, threshold: 0.1 }), {
      files: { "metrics.json": "{}" },
    });
    await writeFile(join(dir, "notes.txt"), "mine");
    await writeArtifact(dir, tinyArtifact({ architecture, threshold: 0.9 }), {
      files: { "README.md": "# card", "loss-plot.png": new Uint8Array([1, 2]) },
    });
    expect((await readArtifact(dir)).threshold).toBe(0.9);
    expect((await readdir(dir)).sort()).toEqual(
      ["README.md", "config.json", "loss-plot.png", "metrics.json", "model.safetensors", "notes.txt"].sort(),
    );
    expect(await readdir(folder)).toEqual(["model"]);
  });

  it("leaves the older detector untouched when writing fails", async () => {
    await writeArtifact(dir, tinyArtifact({ architecture, threshold: 0.1 }));
    const wrong = tinyArtifact({ architecture, threshold: 2 });
    await expect(writeArtifact(dir, wrong)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect((await readArtifact(dir)).threshold).toBe(0.1);
    expect((await readdir(dir)).sort()).toEqual(["config.json", "model.safetensors"]);
  });

  it.each(["../escape.txt", "config.json", "a/b", ""])(
    "refuses %j as the name of another file",
    async (name) => {
      const writing = writeArtifact(dir, tinyArtifact({ architecture }), { files: { [name]: "x" } });
      await expect(writing).rejects.toMatchObject({ code: "INPUT_INVALID" });
    },
  );

  it("refuses parameters that do not fit the architecture", async () => {
    const params = initialiseClassifier({ ...architecture, width: 16 }, { seed: 1 });
    await expect(writeArtifact(dir, tinyArtifact({ architecture, params }))).rejects.toThrow(
      "Expected gpt.tokenEmbedding to be float32 [40, 8], got float32 [40, 16].",
    );
  });
});

describe("a delta", () => {
  const base = initialise({ ...architecture, contextLength: 20 }, { seed: 3 });
  const isTrained = (path: string) => path.startsWith("gpt.blocks.1.") || path.startsWith("gpt.finalNorm.");

  async function writeDelta(): Promise<ReturnType<typeof tinyArtifact>> {
    const whole = initialiseClassifier(architecture, { seed: 7 });
    const positions = base.positionEmbedding.data.slice(0, 16 * 8);
    const positionEmbedding = { dtype: "float32", shape: [16, 8], data: positions } as const;
    const blocks = [base.blocks[0]!, whole.gpt.blocks[1]!];
    const gpt = {
      tokenEmbedding: base.tokenEmbedding,
      positionEmbedding,
      blocks,
      finalNorm: whole.gpt.finalNorm,
    };
    const artifact = tinyArtifact({ architecture, params: { gpt, head: whole.head } });
    await writeArtifact(dir, artifact, { base: { name: "gpt2", isTrained } });
    return artifact;
  }

  it("stores only what was trained and takes the rest from its base", async () => {
    const artifact = await writeDelta();
    const names: string[] = [];
    const read = await readArtifact(dir, {
      resolveBase: async ({ name }) => {
        names.push(name);
        return base;
      },
    });
    expect(names).toEqual(["gpt2"]);
    expect(read.params).toEqual(artifact.params);
    await writeArtifact(join(folder, "whole"), artifact);
    const delta = await stat(join(dir, "model.safetensors"));
    const whole = await stat(join(folder, "whole", "model.safetensors"));
    expect(delta.size).toBeLessThan(whole.size);
  });

  it("refuses another base", async () => {
    await writeDelta();
    const other = initialise({ ...architecture, contextLength: 20 }, { seed: 4 });
    await expect(readArtifact(dir, { resolveBase: async () => other })).rejects.toMatchObject({
      code: "BASE_MISMATCH",
    });
    const narrow = initialise({ ...architecture, width: 4 }, { seed: 3 });
    await expect(readArtifact(dir, { resolveBase: async () => narrow })).rejects.toMatchObject({
      code: "BASE_MISMATCH",
    });
  });

  it("is refused where nobody can find bases", async () => {
    await writeDelta();
    await expect(readArtifact(dir)).rejects.toMatchObject({ code: "BASE_NOT_FOUND" });
  });
});

describe("a damaged or hostile directory", () => {
  beforeEach(async () => {
    await writeArtifact(dir, tinyArtifact({ architecture }));
  });

  it("is refused where a file is missing or is no file", async () => {
    await expect(readArtifact(join(folder, "nowhere"))).rejects.toMatchObject({ code: "DETECTOR_NOT_FOUND" });
    await rm(join(dir, "model.safetensors"));
    await expect(readArtifact(dir)).rejects.toMatchObject({ code: "DETECTOR_NOT_FOUND" });
    await mkdir(join(dir, "model.safetensors"));
    await expect(readArtifact(dir)).rejects.toThrow("something that is no file");
  });

  it("is refused where one byte of the weights changed", async () => {
    const bytes = await readFile(join(dir, "model.safetensors"));
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(join(dir, "model.safetensors"), bytes);
    await expect(readArtifact(dir)).rejects.toMatchObject({ code: "WEIGHTS_INVALID" });
  });

  it("is refused with everything that is wrong in config.json", async () => {
    await editConfig((config) => {
      Object.assign(config, { threshold: 2, pooling: "last", surplus: true, maxLength: 0 });
    });
    const error: Error = await readArtifact(dir).then(
      () => expect.unreachable(),
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    for (const name of ["threshold", "pooling", "surplus", "maxLength"])
      expect(error.message).toContain(name);
  });

  it("is refused where config.json is no JSON or endless", async () => {
    await writeFile(join(dir, "config.json"), "{");
    await expect(readArtifact(dir)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await writeFile(join(dir, "config.json"), " ".repeat(2_000_000));
    await expect(readArtifact(dir)).rejects.toThrow("at most 1000000 bytes");
  });

  it("is refused where it is of a later format", async () => {
    await editConfig((config) => Object.assign(config, { formatVersion: 2 }));
    await expect(readArtifact(dir)).rejects.toMatchObject({ code: "FORMAT_VERSION_UNSUPPORTED" });
  });

  it("is refused where it reads more tokens than it has positions for", async () => {
    await editConfig((config) => Object.assign(config, { maxLength: 17 }));
    await expect(readArtifact(dir)).rejects.toThrow("maxLength must not exceed architecture.contextLength");
  });

  it("is refused with every tensor that is missing, surplus, misshapen or of another type", async () => {
    const entries = flattenParams(tinyArtifact({ architecture }).params).map(({ path, value }) => ({
      name: path,
      dtype: "F32" as const,
      shape: value.shape,
      data: Float32Array.from(value.data),
    }));
    const misshapen = {
      name: "head.weight",
      dtype: "F32" as const,
      shape: [2, 8],
      data: new Float32Array(16),
    };
    const surplus = { name: "\u001b]0;owned", dtype: "F32" as const, shape: [1], data: new Float32Array(1) };
    const otherType = { name: "head.bias", dtype: "F16" as const, shape: [2], data: new Float32Array(2) };
    const kept = entries.filter(({ name }) => !name.startsWith("head.") && name !== "gpt.finalNorm.gain");
    await replaceWeights([...kept, misshapen, surplus, otherType]);
    await expect(readArtifact(dir)).rejects.toThrow(
      'Expected model.safetensors to fit config.json, but: gpt.finalNorm.gain is missing; head.weight is [2, 8], not [8, 2]; head.bias is F16, not F32; "\\u001b]0;owned" does not belong there.',
    );
  });

  it("is refused where the weights are no safetensors file at all", async () => {
    await writeFile(join(dir, "model.safetensors"), "not at all");
    const sha256 = await hashFile(join(dir, "model.safetensors"));
    await editConfig((config) => Object.assign(config, { weights: { precision: "float32", sha256 } }));
    await expect(readArtifact(dir)).rejects.toMatchObject({ name: "DetectorError", code: "WEIGHTS_INVALID" });
  });
});

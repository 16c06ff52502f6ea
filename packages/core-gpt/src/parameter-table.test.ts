import { describe, expect, it } from "vitest";
import { checkConfig, type GptConfig, gptConfigs } from "./config.js";
import { initialise, initialiseClassifier } from "./initialise.js";
import { buildParams, classifierParameterTable, parameterTable } from "./parameter-table.js";
import { flattenParams, mapParams } from "./params.js";

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

describe("parameterTable", () => {
  it.each([
    // What `sum(p.numel() for p in GPT2Model.from_pretrained(name).parameters())` gives.
    ["gpt2", 124_439_808],
    ["gpt2-medium", 354_823_168],
    ["gpt2-large", 774_030_080],
    ["gpt2-xl", 1_557_611_200],
  ] as const)("counts the published parameters of %s", (name, expected) => {
    const table = parameterTable(gptConfigs[name]);
    expect(table.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(expected);
  });

  it("names every parameter once, in the order of a forward pass", () => {
    const table = classifierParameterTable({ ...gptConfigs.tiny, numLayers: 1 });
    expect(
      table.map(({ path, shape, decayed }) => `${path} [${shape}]${decayed ? " decayed" : ""}`),
    ).toMatchInlineSnapshot(`
      [
        "gpt.tokenEmbedding [96,32] decayed",
        "gpt.positionEmbedding [64,32] decayed",
        "gpt.blocks.0.attentionNorm.gain [32]",
        "gpt.blocks.0.attentionNorm.bias [32]",
        "gpt.blocks.0.attention.qkv.weight [32,96] decayed",
        "gpt.blocks.0.attention.qkv.bias [96]",
        "gpt.blocks.0.attention.projection.weight [32,32] decayed",
        "gpt.blocks.0.attention.projection.bias [32]",
        "gpt.blocks.0.mlpNorm.gain [32]",
        "gpt.blocks.0.mlpNorm.bias [32]",
        "gpt.blocks.0.mlp.expand.weight [32,128] decayed",
        "gpt.blocks.0.mlp.expand.bias [128]",
        "gpt.blocks.0.mlp.project.weight [128,32] decayed",
        "gpt.blocks.0.mlp.project.bias [32]",
        "gpt.finalNorm.gain [32]",
        "gpt.finalNorm.bias [32]",
        "head.weight [32,2] decayed",
        "head.bias [2]",
      ]
    `);
  });

  it("decays matrices and nothing else", () => {
    for (const { shape, decayed } of classifierParameterTable(gptConfigs.tiny))
      expect(decayed).toBe(shape.length === 2);
  });

  it("refuses what is no GPT, naming all that is wrong", () => {
    const config: GptConfig = { ...gptConfigs.tiny, width: 30, numLayers: 0, layerNormEpsilon: Number.NaN };
    expect(() => parameterTable(config)).toThrowErrorMatchingInlineSnapshot(
      `[GptError: not a GPT: numLayers must be a whole number from 1, got 0; width must be a multiple of numHeads, got 30 and 4; layerNormEpsilon must be above 0, got NaN]`,
    );
    expect(() => checkConfig(config)).toThrow(expect.objectContaining({ code: "INVALID_CONFIG" }));
    expect(() => classifierParameterTable(gptConfigs.tiny, 1)).toThrow(
      expect.objectContaining({ code: "INVALID_CONFIG" }),
    );
  });
});

describe("mapParams and flattenParams", () => {
  it("walk a tree in the order of the table", () => {
    const built = buildParams(gptConfigs.tiny, ({ path }) => path);
    const paths = parameterTable(gptConfigs.tiny).map(({ path }) => path);
    expect(flattenParams(built).map(({ value }) => value)).toEqual(paths);
    expect(flattenParams(mapParams(built, (value, path) => value === path))).toEqual(
      paths.map((path) => ({ path, value: true })),
    );
  });
});

describe("initialise", () => {
  const classifier = initialiseClassifier(gptConfigs.compact, { seed: 7, numLabels: 3 });
  const byPath = new Map(flattenParams(classifier).map(({ path, value }) => [path, value]));
  const deviation = (path: string): number => {
    const data = Array.from(byPath.get(path)?.data ?? []);
    return Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
  };

  it("draws from N(0, 0.02), projections into the residual stream scaled by 1/√2L", () => {
    // The deviation of a sample of n values is off by about 1/√2n: 2 % for the smallest here.
    expect(deviation("gpt.tokenEmbedding") / 0.02).toBeCloseTo(1, 2);
    expect(deviation("gpt.blocks.0.attention.qkv.weight") / 0.02).toBeCloseTo(1, 1);
    expect(deviation("gpt.blocks.1.attention.projection.weight") / 0.01).toBeCloseTo(1, 1);
    expect(deviation("gpt.blocks.1.mlp.project.weight") / 0.01).toBeCloseTo(1, 1);
    expect(byPath.get("head.weight")?.shape).toEqual([128, 3]);
  });

  it("begins with biases 0 and gains 1", () => {
    expect(new Set(byPath.get("gpt.blocks.0.mlp.expand.bias")?.data)).toEqual(new Set([0]));
    expect(new Set(byPath.get("gpt.finalNorm.gain")?.data)).toEqual(new Set([1]));
  });

  it("gives the same values for the same seed, others for another, and no two parameters alike", () => {
    const tiny = (seed: number): ArrayLike<number> =>
      initialise(gptConfigs.tiny, { seed }).tokenEmbedding.data;
    expect(tiny(1)).toEqual(tiny(1));
    expect(tiny(1)).not.toEqual(tiny(2));
    const { blocks } = initialise(gptConfigs.tiny, { seed: 1 });
    expect(blocks[0]?.mlp.expand.weight.data).not.toEqual(blocks[1]?.mlp.expand.weight.data);
  });
});

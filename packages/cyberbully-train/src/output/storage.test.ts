import { type GptConfig, gptConfigs } from "@btp/core-gpt";
import { describe, expect, it } from "vitest";
import { createConfig } from "../config/config.js";
import type { TrainConfig } from "../config/knobs.js";
import { partOf } from "../step/select-part.js";
import { deltaBase } from "./storage.js";

const model: GptConfig = { ...gptConfigs.tiny, numLayers: 3 };

function baseOf(values: Partial<TrainConfig>, reference: string) {
  const config = createConfig({ base: reference, ...values });
  return deltaBase(config, partOf(config, model), { source: { folder: "anywhere", reference } });
}

describe("what a detector is stored as", () => {
  it("is a delta by the name of a published base, and whole on a folder of one's own", () => {
    expect(baseOf({}, "gpt2")?.name).toBe("gpt2");
    expect(baseOf({}, "/data/my-gpt2")).toBeUndefined();
    expect(baseOf({ store: "whole" }, "gpt2")).toBeUndefined();
    expect(baseOf({ store: "delta" }, "/data/my-gpt2")?.name).toBe("/data/my-gpt2");
    expect(baseOf({ unfreezeBlocks: "all" }, "gpt2")).toBeUndefined();
  });

  it("holds what was trained and no more", () => {
    const trained = baseOf({ unfreezeBlocks: 1 }, "gpt2");
    expect(trained?.isTrained("gpt.blocks.2.mlpNorm.gain")).toBe(true);
    expect(trained?.isTrained("gpt.blocks.1.mlpNorm.gain")).toBe(false);
    const adapted = baseOf({ loraRank: 2, loraBlocks: 1 }, "gpt2");
    expect(adapted?.isTrained("gpt.blocks.2.mlp.expand.weight")).toBe(true);
    expect(adapted?.isTrained("gpt.blocks.2.mlp.expand.bias")).toBe(false);
  });

  it("refuses a delta whose base could not be found again", () => {
    expect(() => baseOf({ store: "delta" }, `/${"x".repeat(200)}`)).toThrow(/at most 200 characters/);
    expect(() => createConfig({ base: "gpt2", unfreezeBlocks: "all", store: "delta" })).toThrow(
      /'auto' or 'whole'/,
    );
  });
});

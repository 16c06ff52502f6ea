/** The model against Hugging Face's own code, on the shared fixture where it is present. */
import { expectClose, type FixtureTensor, readTensors, sharedFolder } from "@btp/test-kit";
import "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { gptConfigs } from "./config.js";
import { languageModelLogits } from "./heads/language-model.js";
import { embed, hiddenStates } from "./model.js";
import { flattenParams, type GptParams } from "./params.js";
import {
  gradientsOf,
  huggingFaceName,
  named,
  nextTokenLoss,
  positionsOf,
  readParams,
  toTensor,
} from "./testing/golden.js";

const folder = sharedFolder("fixtures/gpt2-tiny");
const config = gptConfigs.tiny;

// Their float32 and ours add in another order; erf for tanh in GELU would show as 2e-3.
const tolerance = 1e-4;

describe.skipIf(folder === null)("against Hugging Face's GPT-2 (skipped without ../shared/fixtures)", () => {
  let expected: Map<string, FixtureTensor>;
  let params: GptParams<tf.Tensor>;

  beforeAll(async () => {
    await tf.setBackend("cpu");
    expected = readTensors(`${folder}/expected.safetensors`);
    params = readParams(readTensors(`${folder}/hf-f32/model.safetensors`), config);
  });

  it.each([0, 1, 2, 3, 4])("gives the same hidden states and logits in case %i", (k) => {
    tf.tidy(() => {
      const ids = toTensor(named(expected, `case${k}.ids`));
      const positions = positionsOf(ids.shape[1] ?? 0);
      const close = (actual: tf.Tensor, name: string): void =>
        expectClose(actual.dataSync(), named(expected, `case${k}.${name}`).data, tolerance, name);
      close(embed(params, ids, positions), "hidden0");
      close(hiddenStates(params, config, ids, positions), "hidden2");
      close(languageModelLogits(params, config, ids, positions), "logits");
    });
  });

  it("gives the same gradient of every parameter", () => {
    const ids = toTensor(named(expected, "case3.ids"));
    const { gradients } = gradientsOf(params, (gpt) =>
      nextTokenLoss(languageModelLogits(gpt, config, ids, positionsOf(ids.shape[1] ?? 0)), ids),
    );
    expect(gradients.size).toBe(flattenParams(params).length);
    for (const [path, gradient] of gradients) {
      const theirs = named(expected, `grad.${huggingFaceName(path)}`).data;
      expectClose(gradient.dataSync(), theirs, tolerance, `gradient of ${path}`);
    }
  });
});

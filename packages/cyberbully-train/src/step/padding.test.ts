/** One update from a ragged batch against the same update from its messages one by one, where nothing is padded. */
import { classifierParameterTable, type GptConfig, gptConfigs, initialiseParameter } from "@btp/core-gpt";
import { expectClose } from "@btp/test-kit";
import { createEngine, createRandomSource, type EngineName, type HostTensor } from "@btp/tfjs-jit";
import { describe, expect, it } from "vitest";
import { compileTrunk } from "../features/trunk.js";
import { layOutTargets, layOutTokens } from "../messages/batch.js";
import type { EncodedMessages } from "../messages/encoded-messages.js";
import { scalarTensor, stepSpecs, zerosLike } from "./step-program.js";
import { createTrainStep } from "./train-step.js";
import { type FlatParams, numLabels, selectTrainedPart } from "./trained-part.js";

const config: GptConfig = {
  ...gptConfigs.tiny,
  vocabSize: 50,
  contextLength: 16,
  width: 32,
  numHeads: 4,
  numLayers: 2,
};
const messages: EncodedMessages = {
  ids: Int32Array.from({ length: 30 }, (_, i) => (i * 17) % 50),
  offsets: Int32Array.of(0, 3, 3, 14, 16, 30),
  targets: Float32Array.of(1, 0, 0, 1, 1),
  truncated: 0,
};
const all = [0, 1, 2, 3, 4];
const params: FlatParams<HostTensor> = Object.fromEntries(
  classifierParameterTable(config, numLabels).map((entry) => [entry.path, initialiseParameter(entry, 1)]),
);
const engines: readonly EngineName[] = ["tfjs-cpu", "jit"];

describe.each(engines)("on %s", (engineName) => {
  it("an update is the same from a ragged batch and from its messages one by one", async () => {
    const together = await update(engineName, [all]);
    const oneByOne = await update(
      engineName,
      all.map((i) => [i]),
    );
    expect(together.gradientNorm).toBeGreaterThan(0.1);
    expect(together.gradientNorm).toBeCloseTo(oneByOne.gradientNorm, 4);
    for (const [path, { data }] of Object.entries(together.moments))
      expectClose(data, oneByOne.moments[path]!.data, 1e-5);
  });

  it("a message's hidden states do not depend on what else is in its batch", async () => {
    const engine = await createEngine(engineName, { threads: 1 });
    const part = selectTrainedPart(config, 1);
    const trunk = await compileTrunk(engine, config, part, params, {
      dropout: 0,
      random: createRandomSource(1),
    });
    try {
      const together = await trunk.run(layOutTokens(messages, all));
      for (const i of all) {
        const alone = await trunk.run(layOutTokens(messages, [i]));
        const values = (messages.offsets[i + 1]! - messages.offsets[i]!) * config.width;
        const at = (i * together.data.length) / all.length;
        expectClose(together.data.subarray(at, at + values), alone.data.subarray(0, values), 1e-5);
      }
    } finally {
      await trunk.dispose();
      await engine.dispose();
    }
  });
});

/** Everything is trained, so gradients pass both blocks and reach the embeddings. @returns AdamW's first moments */
async function update(engineName: EngineName, microBatches: readonly (readonly number[])[]) {
  const engine = await createEngine(engineName, { threads: 1 });
  const part = selectTrainedPart(config, "all");
  const random = createRandomSource(1);
  const options = {
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    clip: 1,
    dropout: 0,
    headDropout: 0,
    accumulate: true,
    average: false,
    languageModel: false,
  };
  const state = {
    parameters: params,
    first: zerosLike(params),
    second: zerosLike(params),
    accumulated: zerosLike(params),
    average: {},
  };
  const step = createTrainStep(config, part, options, random);
  const program = await engine.compileStep(step, state, {}, stepSpecs(part, config.width), {
    random,
    name: "update",
  });
  try {
    let gradientNorm = 0;
    for (const [k, batch] of microBatches.entries()) {
      const result = await program.step(
        {
          ...layOutTokens(messages, batch),
          ...layOutTargets(messages, batch, { labelSmoothing: 0, classWeights: [1, 1] }),
        },
        {
          stepSize: scalarTensor(0.01),
          secondMomentScale: scalarTensor(1),
          shrink: scalarTensor(1),
          inverseWeight: scalarTensor(1 / all.length),
          languageModelScale: scalarTensor(0),
          apply: scalarTensor(k === microBatches.length - 1 ? 1 : 0),
          averageMemory: scalarTensor(0),
        },
      );
      gradientNorm = result.gradientNorm.data[0]!;
    }
    const { first } = await program.readState();
    return { gradientNorm, moments: first };
  } finally {
    await program.dispose();
    await engine.dispose();
  }
}

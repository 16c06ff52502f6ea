/** A network as narrow as those whose blocks leave padding out: a row's logits are those of the row alone. */
import { type GptConfig, initialiseClassifier } from "@btp/core-gpt";
import { expectClose } from "@btp/test-kit";
import { createEngine } from "@btp/tfjs-jit";
import { expect, it } from "vitest";
import { paddedInAttention, paddedThrough } from "./batch.js";
import { compileNetwork, type Int8Options } from "./network.js";

const architecture: GptConfig = {
  vocabSize: 60,
  contextLength: 32,
  width: 256,
  numLayers: 2,
  numHeads: 4,
  layerNormEpsilon: 1e-5,
};
const rows = [3, 32, 1, 17, 0].map((length) => Int32Array.from({ length }, (_, i) => (i * 7 + length) % 60));
const int8: Int8Options = {
  calibration: rows.slice(0, 2),
  errorOf: ([exact], [found]) =>
    Math.max(...Array.from(exact!.data, (value, i) => Math.abs(value - found!.data[i]!))),
  limit: 1,
  onReport: ({ precision }) => expect(precision).toBe("int8"),
};

it.each([
  ["tfjs-cpu", "float32"],
  ["jit", "float32"],
  ["jit", "int8"],
] as const)(
  "gives a row the same logits alone and in a ragged batch, on %s in %s",
  async (name, precision) => {
    const engine = await createEngine(name, { threads: 1 });
    const params = initialiseClassifier(architecture, { seed: 2 });
    const network = await compileNetwork(
      engine,
      architecture,
      params,
      precision === "int8" ? int8 : undefined,
    );
    try {
      expect(network.paddingCost).toBe(paddedInAttention);
      const together = await network.run(rows);
      for (const [i, row] of rows.entries())
        expectClose(together.subarray(2 * i, 2 * i + 2), await network.run([row]), 1e-5);
    } finally {
      await network.dispose();
      await engine.dispose();
    }
  },
);

it("weighs the padding of a narrow network, which computes it, as tokens", async () => {
  const engine = await createEngine("jit", { threads: 1 });
  const narrow = { ...architecture, width: 8, numHeads: 2 };
  const network = await compileNetwork(engine, narrow, initialiseClassifier(narrow, { seed: 2 }));
  expect(network.paddingCost).toBe(paddedThrough);
  await network.dispose();
  await engine.dispose();
});

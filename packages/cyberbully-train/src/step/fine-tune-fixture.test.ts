import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type GptConfig, gptConfigs, layOutPadding } from "@btp/core-gpt";
import { expectClose, sharedFolder } from "@btp/test-kit";
import { createEngine, createRandomSource, type EngineName, type HostTensor } from "@btp/tfjs-jit";
import { openSafetensors, type SafetensorsFile } from "@btp/weights-gpt2";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { adamWScalars } from "../optim/adamw.js";
import { learningRateAt } from "../optim/schedule.js";
import { scalarTensor, stepSpecs, zerosLike } from "./step-program.js";
import { createTrainStep } from "./train-step.js";
import { type FlatParams, selectTrainedPart } from "./trained-part.js";

/** The recipe of six steps that PyTorch and transformers followed (../shared/fixtures/make_gpt2_fixtures.py). */
const folder = sharedFolder("fixtures", "gpt2-tiny");
const config: GptConfig = { ...gptConfigs.tiny, vocabSize: 96, contextLength: 64 };

const recipeSchema = z.object({
  fine_tune: z.object({
    runs: z.record(
      z.string(),
      z.array(
        z.object({
          lr: z.number(),
          loss: z.number(),
          gradient_norm_before_clipping: z.number(),
          logits: z.array(z.array(z.number())),
        }),
      ),
    ),
  }),
});

/** Our path -> the name that Hugging Face gives it (weights in [in, out] order on both sides, but for the head). */
function ownersName(path: string): string {
  return path
    .replace(/^gpt\./, "")
    .replace("tokenEmbedding", "wte.weight")
    .replace("positionEmbedding", "wpe.weight")
    .replace("blocks.", "h.")
    .replace("attentionNorm", "ln_1")
    .replace("attention.qkv", "attn.c_attn")
    .replace("attention.projection", "attn.c_proj")
    .replace("mlpNorm", "ln_2")
    .replace("mlp.expand", "mlp.c_fc")
    .replace("mlp.project.", "mlp.c_proj.")
    .replace("finalNorm", "ln_f")
    .replace(".gain", ".weight");
}

function transposed({ shape: [rows = 0, columns = 0], data }: HostTensor): HostTensor {
  const out = Float32Array.from(
    { length: data.length },
    (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!,
  );
  return { dtype: "float32", shape: [columns, rows], data: out };
}

async function readParameter(file: SafetensorsFile, path: string, prefix: string): Promise<HostTensor> {
  const tensor = await file.read(prefix + ownersName(path));
  return path === "head.weight" ? transposed(tensor) : tensor;
}

/** Of messages that are padded on the right: the ones in each row of their mask. */
function lengthsOf({ shape: [rows = 0, tokens = 0], data }: HostTensor): number[] {
  return Array.from({ length: rows }, (_, row) =>
    [...data.subarray(row * tokens, (row + 1) * tokens)].reduce((sum, bit) => sum + bit, 0),
  );
}

const engines: readonly EngineName[] = ["tfjs-cpu", "jit"];
const runs = [
  ["last-block", 1],
  ["all", "all"],
] as const;

describe.skipIf(folder === null)(
  "the recipe of six steps (skipped where ../shared/fixtures is absent)",
  () => {
    it.each(engines.flatMap((engine) => runs.map(([run, unfreeze]) => ({ engine, run, unfreeze }))))(
      "follows PyTorch's learning rate, loss, gradient norm, logits and parameters: $run on $engine",
      async ({ engine: engineName, run, unfreeze }) => {
        const data = await openSafetensors(join(folder!, "fine-tune.safetensors"));
        const base = await openSafetensors(join(folder!, "hf-f32", "model.safetensors"));
        const recipe = recipeSchema.parse(JSON.parse(readFileSync(join(folder!, "expected.json"), "utf8")));
        const log = recipe.fine_tune.runs[run]!;

        const everything = selectTrainedPart(config, "all");
        const part = selectTrainedPart(config, unfreeze);
        const weights: Record<string, HostTensor> = {};
        for (const { path } of everything.trained)
          weights[path] = path.startsWith("head.")
            ? await readParameter(data, path, "")
            : await readParameter(base, path, "transformer.");
        const pick = (entries: readonly { path: string }[]): FlatParams<HostTensor> =>
          Object.fromEntries(entries.map(({ path }) => [path, weights[path]!]));

        const engine = await createEngine(engineName);
        const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
        const options = {
          optimizer,
          clip: 1,
          dropout: 0,
          headDropout: 0,
          accumulate: false,
          average: false,
          languageModel: false,
        };
        const random = createRandomSource(1);
        // With a frozen trunk the whole model runs from token ids here, so that gradients stop where they should by themselves.
        const whole = { ...part, kind: "everything", firstBlock: 0 } as const;
        const frozen = pick(
          everything.trained.filter(({ path }) => !part.trained.some((entry) => entry.path === path)),
        );
        const trained = pick(part.trained);
        const program = await engine.compileStep(
          createTrainStep(config, whole, options, random),
          {
            parameters: trained,
            first: zerosLike(trained),
            second: zerosLike(trained),
            accumulated: {},
            average: {},
          },
          frozen,
          stepSpecs(whole, config.width),
          { random, name: "fixture step" },
        );
        try {
          for (const [step, expected] of log.entries()) {
            const ids = await data.read(`batch${step}.ids`);
            const mask = await data.read(`batch${step}.mask`);
            const labels = await data.read(`batch${step}.labels`);
            const [rows = 0, tokens = 0] = ids.shape;
            const learningRate = learningRateAt(step, {
              peak: 1e-3,
              floor: 1e-4,
              warmUpSteps: 0,
              totalSteps: 6,
            });
            expect(learningRate).toBeCloseTo(expected.lr, 12);
            const targets = Float32Array.from({ length: rows * 2 }, (_, i) =>
              labels.data[i >> 1] === i % 2 ? 1 : 0,
            );
            const scalars = adamWScalars(step, learningRate, 0.01, optimizer);
            const result = await program.step(
              {
                input: ids,
                positions: {
                  dtype: "int32",
                  shape: [tokens],
                  data: Int32Array.from({ length: tokens }, (_, t) => t),
                },
                mask,
                ...layOutPadding(lengthsOf(mask), tokens),
                targets: { dtype: "float32", shape: [rows, 2], data: targets },
                weights: { dtype: "float32", shape: [rows], data: new Float32Array(rows).fill(1) },
                nextIds: ids,
                nextMask: mask,
              },
              {
                stepSize: scalarTensor(scalars.stepSize),
                secondMomentScale: scalarTensor(scalars.secondMomentScale),
                shrink: scalarTensor(scalars.shrink),
                inverseWeight: scalarTensor(1 / rows),
                languageModelScale: scalarTensor(0),
                apply: scalarTensor(1),
                averageMemory: scalarTensor(0),
              },
            );
            // float32 on both sides; six updates of 1e-3 amplify rounding to a few 1e-6.
            expect(result.loss.data[0]).toBeCloseTo(expected.loss, 4);
            expect(result.gradientNorm.data[0]).toBeCloseTo(expected.gradient_norm_before_clipping, 4);
            expectClose(result.logits.data, expected.logits.flat(), 1e-4, `logits of step ${step}`);
          }
          const state = await program.readState();
          for (const { path } of part.trained) {
            const expected = await readParameter(data, path, `after.${run}.`);
            // AdamW divides by sqrt(v): where a gradient is all rounding (the key biases), so is its update of up to lr.
            // Keys' biases shift all scores of a query alike, so they do not matter and are compared to the sum of all rates.
            const tolerance = path.endsWith("qkv.bias") ? 5e-3 : 1e-4;
            expectClose(state.parameters[path]!.data, expected.data, tolerance, path);
          }
        } finally {
          await program.dispose();
          await engine.dispose();
          await data.close();
          await base.close();
        }
      },
    );
  },
);

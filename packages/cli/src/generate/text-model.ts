/** GPT-2 as a writer of text: loads its weights and compiles the one step that reads prompts and tokens alike. */
import {
  type CachedStepResult,
  cachedStep,
  createTextReader,
  createTokenizer,
  type GptConfig,
  type GptParams,
  type KeysAndValues,
  type TextReader,
  type Tokenizer,
} from "@btp/core-gpt";
import { createEngine, type EngineChoice, type Program, tensorSpec } from "@btp/tfjs-jit";
import { loadGpt2 } from "@btp/weights-gpt2";
import { CliError } from "../exit-codes.js";

export interface TextModel {
  readonly config: GptConfig;
  readonly tokenizer: Tokenizer;
  readonly engine: string;
  /** A reader of one text, at its beginning. */
  createReader(): TextReader;
  dispose(): Promise<void>;
}

/** TensorFlow.js's, by way of core-gpt: this package does not depend on it. */
type Tensor = Parameters<typeof cachedStep>[2];

type StepArguments = [ids: Tensor, positions: Tensor, pastPositions: Tensor, past: KeysAndValues<Tensor>];

/**
 * @param folder - a GPT-2 in any form that loadGpt2 reads
 * @throws {WeightsError} for the files; {JitError} for the engine; {CliError} MODEL_UNSUITABLE
 */
export async function loadTextModel(
  folder: string,
  { engine: choice, threads }: { readonly engine: EngineChoice; readonly threads?: number },
): Promise<TextModel> {
  const { config, params, languageModelHead } = await loadGpt2(folder);
  const tokenizer = await createTokenizer();
  if (languageModelHead !== undefined || config.vocabSize !== tokenizer.vocabSize) {
    throw new CliError(
      "MODEL_UNSUITABLE",
      `Expected a GPT-2 with its ${tokenizer.vocabSize} tokens and an output tied to its embeddings; ${folder} holds another model.`,
    );
  }
  const engine = await createEngine(choice, threads === undefined ? {} : { threads });
  try {
    const program: Program<StepArguments, CachedStepResult<Tensor>> = await engine.compile(
      (weights: GptParams<Tensor>, ...[ids, positions, pastPositions, past]: StepArguments) =>
        cachedStep(weights, config, ids, positions, pastPositions, past),
      params,
      stepSpecs(config),
      { name: "generation step" },
    );
    return {
      config,
      tokenizer,
      engine: engine.name,
      createReader: () => createTextReader(config, (...args) => program.run(...args)),
      async dispose() {
        await program.dispose();
        await engine.dispose();
      },
    };
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

function stepSpecs({ numLayers, numHeads, width }: GptConfig) {
  const slots = () =>
    Array.from({ length: numLayers }, () => tensorSpec("float32", [1, numHeads, "slots", width / numHeads]));
  const past = { keys: slots(), values: slots() };
  return [
    tensorSpec("int32", [1, "tokens"]),
    tensorSpec("int32", ["tokens"]),
    tensorSpec("int32", ["slots"]),
    past,
  ] as const;
}

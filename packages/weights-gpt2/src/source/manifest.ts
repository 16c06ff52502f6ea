/**
 * Where GPT-2's weights are published, pinned: repository, revision, and what is known of each file. Only facts are here,
 * no fetching. Revisions and hashes are those of the public repositories; where no hash is known, the server's is used and
 * recorded (see fetch-file.ts), and the tensors are checked against the architecture either way.
 */
import { type GptConfig, gptConfigs } from "@btp/core-gpt";
import { WeightsError } from "../errors.js";

export const MODEL_NAMES = ["gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"] as const;
export type ModelName = (typeof MODEL_NAMES)[number];

export interface PinnedFile {
  readonly name: string;
  readonly bytes?: number;
  readonly sha256?: string;
}

export interface PinnedModel {
  readonly name: string;
  /** OpenAI's name for the size, which is also its folder's name there. */
  readonly openaiName: string;
  /** Of parameters, for people. */
  readonly parameters: string;
  readonly config: GptConfig;
  readonly repository: string;
  /** A commit of the Hugging Face repository. */
  readonly revision: string;
  readonly huggingFaceFiles: readonly PinnedFile[];
  /** float32 bytes of the largest file, for announcing the size before a server has been asked. */
  readonly approximateBytes: number;
}

const CONFIG: PinnedFile = { name: "config.json" };
const WEIGHTS = "model.safetensors";

const MODELS: Readonly<Record<ModelName, PinnedModel>> = {
  gpt2: {
    name: "gpt2",
    openaiName: "124M",
    parameters: "124 million",
    config: gptConfigs.gpt2,
    repository: "openai-community/gpt2",
    revision: "607a30d783dfa663caf39e06633721c8d4cfcd7e",
    huggingFaceFiles: [
      {
        ...CONFIG,
        bytes: 665,
        sha256: "0daed7749b4f02b8f76240d5444551d7b08712dab4d0adb8239c56ba823bb7b4",
      },
      {
        name: WEIGHTS,
        bytes: 548_105_171,
        sha256: "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707",
      },
    ],
    approximateBytes: 548_105_171,
  },
  "gpt2-medium": {
    name: "gpt2-medium",
    openaiName: "355M",
    parameters: "355 million",
    config: gptConfigs["gpt2-medium"],
    repository: "openai-community/gpt2-medium",
    revision: "6dcaa7a952f72f9298047fd5137cd6e4f05f41da",
    huggingFaceFiles: [
      CONFIG,
      {
        name: WEIGHTS,
        bytes: 1_519_984_962,
        sha256: "fc5a354a19255ad494f3d71549390baca1ccf61d1d822b9408971705c687c9cd",
      },
    ],
    approximateBytes: 1_519_984_962,
  },
  "gpt2-large": {
    name: "gpt2-large",
    openaiName: "774M",
    parameters: "774 million",
    config: gptConfigs["gpt2-large"],
    repository: "openai-community/gpt2-large",
    revision: "32b71b12589c2f8d625668d2335a01cac3249519",
    huggingFaceFiles: [CONFIG, { name: WEIGHTS }],
    approximateBytes: 3_250_000_000,
  },
  "gpt2-xl": {
    name: "gpt2-xl",
    openaiName: "1558M",
    parameters: "1558 million",
    config: gptConfigs["gpt2-xl"],
    repository: "openai-community/gpt2-xl",
    revision: "15ea56dee5df4983c59b2538573817e1667135e2",
    huggingFaceFiles: [
      CONFIG,
      { name: WEIGHTS, sha256: "0f8b28eb05a8075f48b61b6f35332978c74fc7763fa9fb4051a1c30511736a6a" },
    ],
    approximateBytes: 6_430_000_000,
  },
};

/** The files of the original project that hold weights and sizes; its vocabulary is in the tokenizer's package. */
export const OPENAI_FILES: readonly PinnedFile[] = [
  { name: "checkpoint" },
  { name: "hparams.json" },
  { name: "model.ckpt.index" },
  { name: "model.ckpt.data-00000-of-00001" },
];

export const HUGGING_FACE_ENDPOINT = "https://huggingface.co";
/** Source: openai/gpt-2 download_model.py. */
export const OPENAI_ENDPOINT = "https://openaipublic.blob.core.windows.net/gpt-2/models";

/** A published size by its name or OpenAI's ("124M"); undefined for anything else, which may then be a path. */
export function findModel(name: string): PinnedModel | undefined {
  return Object.values(MODELS).find((model) => model.name === name || model.openaiName === name);
}

/** @throws {WeightsError} UNKNOWN_MODEL with the names there are */
export function pinnedModel(name: string): PinnedModel {
  const model = findModel(name);
  if (model === undefined) {
    throw new WeightsError(
      "UNKNOWN_MODEL",
      `Unknown model ${JSON.stringify(name)}; there are ${MODEL_NAMES.join(", ")}.`,
    );
  }
  return model;
}

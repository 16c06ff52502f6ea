/** The architecture of one GPT, the published sizes of GPT-2, and two small ones of this project. */
import { GptError } from "./errors.js";

/** Names and defaults follow GPT-2's hparams.json (openai/gpt-2 src/model.py#L5-L12 `default_hparams`). */
export interface GptConfig {
  /** V: number of token ids. */
  readonly vocabSize: number;
  /** C: longest sequence that has position embeddings. */
  readonly contextLength: number;
  /** D: width of the hidden states. */
  readonly width: number;
  /** L: number of blocks. */
  readonly numLayers: number;
  /** N: attention heads; each is width / numHeads wide. */
  readonly numHeads: number;
  /** Added to the variance in LayerNorm. */
  readonly layerNormEpsilon: number;
  /** R: rows of a classifier's table of hashed tokens and pairs (heads/bigrams.ts); absent: it has none, as GPT-2. */
  readonly bigramBuckets?: number;
}

/** GPT-2's tokenizer: 50,000 merges, 256 bytes and <|endoftext|>. */
const gpt2 = { vocabSize: 50_257, contextLength: 1024, layerNormEpsilon: 1e-5 } as const;

/** Named architectures. Sizes of GPT-2: Radford et al. 2019, table 2 (whose counts of parameters the paper's erratum corrects). */
export const gptConfigs = {
  /** 124M parameters. */
  gpt2: { ...gpt2, width: 768, numLayers: 12, numHeads: 12 },
  /** 355M parameters. */
  "gpt2-medium": { ...gpt2, width: 1024, numLayers: 24, numHeads: 16 },
  /** 774M parameters. */
  "gpt2-large": { ...gpt2, width: 1280, numLayers: 36, numHeads: 20 },
  /** 1558M parameters. */
  "gpt2-xl": { ...gpt2, width: 1600, numLayers: 48, numHeads: 25 },
  /** Trains from scratch on short messages in minutes on a laptop. A smaller vocabulary makes it smaller still. */
  compact: { ...gpt2, contextLength: 512, width: 128, numLayers: 2, numHeads: 4 },
  /** For tests: every part is there, nothing takes time. */
  tiny: { ...gpt2, vocabSize: 96, contextLength: 64, width: 32, numLayers: 2, numHeads: 4 },
} as const satisfies Record<string, GptConfig>;

export type GptConfigName = keyof typeof gptConfigs;

/** Ids up to here are hashed within int32 (heads/bigrams.ts). */
export const maxHashedVocabulary = 53_000;

/** Above it a table is larger than GPT-2's embeddings. */
export const maxBigramBuckets = 2 ** 24;

/** @throws {GptError} INVALID_CONFIG, naming everything that is wrong at once */
export function checkConfig(config: GptConfig): void {
  const wrong: string[] = [];
  for (const name of ["vocabSize", "contextLength", "width", "numLayers", "numHeads"] as const) {
    const value = config[name];
    if (!Number.isSafeInteger(value) || value < 1)
      wrong.push(`${name} must be a whole number from 1, got ${value}`);
  }
  if (config.width % config.numHeads !== 0)
    wrong.push(`width must be a multiple of numHeads, got ${config.width} and ${config.numHeads}`);
  const { bigramBuckets } = config;
  if (bigramBuckets !== undefined) {
    if (!Number.isSafeInteger(bigramBuckets) || bigramBuckets < 1 || bigramBuckets > maxBigramBuckets)
      wrong.push(
        `bigramBuckets must be a whole number from 1 to ${maxBigramBuckets}, or absent, got ${bigramBuckets}`,
      );
    if (config.vocabSize > maxHashedVocabulary)
      wrong.push(
        `vocabSize must be at most ${maxHashedVocabulary} beside bigramBuckets, got ${config.vocabSize}`,
      );
  }
  if (!(config.layerNormEpsilon > 0))
    wrong.push(`layerNormEpsilon must be above 0, got ${config.layerNormEpsilon}`);
  if (wrong.length > 0) throw new GptError("INVALID_CONFIG", `not a GPT: ${wrong.join("; ")}`);
}

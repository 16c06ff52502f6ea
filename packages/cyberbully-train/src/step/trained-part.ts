/**
 * Which parameters are trained and which are frozen, and the way between the flat table that the optimizer and the
 * checkpoint see (path -> tensor) and the tree that the model takes.
 */
import {
  buildClassifierParams,
  type ClassifierParams,
  type ClassifierTop,
  classifierParameterTable,
  type GptConfig,
  type ParameterEntry,
} from "@btp/core-gpt";
import { TrainError } from "../errors.js";
import type { LoraPart } from "./lora-part.js";

/** Parameters by their path in the parameter table. */
export type FlatParams<T> = Readonly<Record<string, T>>;

export const numLabels = 2;

export interface TrainedPart {
  /**
   * "everything" reads token ids; "top" reads the hidden states in front of `firstBlock`; "head" reads one pooled vector a
   * message, laid out as hidden states of one token.
   */
  readonly kind: "everything" | "top" | "head";
  /** First block of the part; with "everything" it is 0, and the embeddings belong to the part too. */
  readonly firstBlock: number;
  /** Parameters that are updated, in table order. */
  readonly trained: readonly ParameterEntry[];
  /** Adapters are trained in place of the blocks' own parameters. */
  readonly lora?: LoraPart;
}

/** Paths of the parameter table whose values a run changes: with adapters the matrices that they are merged into. */
export function changedPaths({ trained, lora }: TrainedPart): ReadonlySet<string> {
  const adapters = lora?.adapters ?? [];
  const own = new Set(adapters.flatMap(({ down, up }) => [down.path, up.path]));
  const plain = trained.map(({ path }) => path).filter((path) => !own.has(path));
  return new Set([...plain, ...adapters.map(({ beside }) => `${beside}.weight`)]);
}

/** Whether the frozen trunk in front of a part computes with a parameter. */
export function isTrunkParameter(path: string, { kind, firstBlock }: TrainedPart): boolean {
  if (kind === "everything" || path.startsWith("head.")) return false;
  return !isAbove(path, firstBlock) || (kind === "head" && path.startsWith("gpt.finalNorm."));
}

/**
 * @param unfreezeBlocks - blocks trained, counted from the last, and the final LayerNorm with them; 0 is the head alone
 * @throws {TrainError} BAD_CONFIG when the model has fewer blocks
 */
export function selectTrainedPart(config: GptConfig, unfreezeBlocks: number | "all"): TrainedPart {
  const table = classifierParameterTable(config, numLabels);
  if (unfreezeBlocks === "all") return { kind: "everything", firstBlock: 0, trained: table };
  if (unfreezeBlocks > config.numLayers)
    throw new TrainError(
      "BAD_CONFIG",
      `Expected --unfreeze-blocks from 0 to ${config.numLayers} (the model's blocks) or 'all', got ${unfreezeBlocks}.`,
    );
  if (config.bigramBuckets !== undefined)
    throw new TrainError(
      "BAD_CONFIG",
      `Expected --unfreeze-blocks 'all' for a model with bigramBuckets, which reads token ids beside hidden states, got ${unfreezeBlocks}.`,
    );
  const firstBlock = config.numLayers - unfreezeBlocks;
  if (unfreezeBlocks === 0)
    return { kind: "head", firstBlock, trained: table.filter(({ path }) => path.startsWith("head.")) };
  return { kind: "top", firstBlock, trained: table.filter(({ path }) => isAbove(path, firstBlock)) };
}

/** Whether a parameter lies in the blocks from `firstBlock` on, or behind them. */
function isAbove(path: string, firstBlock: number): boolean {
  const block = /^gpt\.blocks\.(\d+)\./.exec(path)?.[1];
  if (block !== undefined) return Number(block) >= firstBlock;
  return path.startsWith("gpt.finalNorm.") || path.startsWith("head.");
}

/** The tree of the whole model. @throws {TrainError} BAD_CHECKPOINT when a parameter is missing */
export function assembleClassifier<T>(config: GptConfig, flat: FlatParams<T>): ClassifierParams<T> {
  return buildClassifierParams(config, numLabels, ({ path }) => find(flat, path));
}

/** The tree of the part from `firstBlock` on. @throws {TrainError} BAD_CHECKPOINT when a parameter is missing */
export function assembleTop<T>(config: GptConfig, flat: FlatParams<T>, firstBlock: number): ClassifierTop<T> {
  const tree = buildClassifierParams<T | undefined>(config, numLabels, ({ path }) =>
    isAbove(path, firstBlock) ? find(flat, path) : undefined,
  );
  const top: ClassifierTop<T | undefined> = {
    blocks: tree.gpt.blocks.slice(firstBlock),
    finalNorm: tree.gpt.finalNorm,
    head: tree.head,
  };
  // Everything in `top` lies above firstBlock, so `find` was called for all of it.
  return top as ClassifierTop<T>;
}

function find<T>(flat: FlatParams<T>, path: string): T {
  const value = flat[path];
  if (value === undefined)
    throw new TrainError(
      "BAD_CHECKPOINT",
      `Expected a parameter ${path}, and there is none. The weights do not fit the model.`,
    );
  return value;
}

/**
 * LoRA (Hu et al. 2021, arXiv 2106.09685): a matrix W stays as it is, and two thin ones are trained beside it, so that it acts
 * as `W + (alpha / rank) · down · up`. Which matrices, the adapters' parameters, their place in the model, and their merging
 * into plain weights are all here; the product itself is core-gpt's `linear`. Shape letters: D width, R rank.
 */
import {
  type AdaptedLinearParams,
  type BlockParams,
  type ClassifierTop,
  classifierParameterTable,
  type Dropout,
  type GptConfig,
  type LinearParams,
  type ParameterEntry,
} from "@btp/core-gpt";
import type { HostTensor } from "@btp/tfjs-jit";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Adapter } from "./lora-part.js";
import { type FlatParams, numLabels, selectTrainedPart, type TrainedPart } from "./trained-part.js";

/** Matrices of a block that may be adapted, by what they belong to. */
const matricesOf = {
  attention: ["attention.qkv", "attention.projection"],
  "feed-forward": ["mlp.expand", "mlp.project"],
} as const;

export type AdaptedMatrices = keyof typeof matricesOf | "all";

export interface LoraOptions {
  /** R: 1 or more */
  readonly rank: number;
  readonly alpha: number;
  /** Blocks adapted, counted from the last. */
  readonly blocks: number | "all";
  readonly matrices: AdaptedMatrices;
}

/**
 * The part of a model that is trained with adapters: themselves, the final LayerNorm and the head.
 * @throws {TrainError} BAD_CONFIG when the model has fewer blocks
 */
export function selectLoraPart(config: GptConfig, options: LoraOptions): TrainedPart {
  const blocks = options.blocks === "all" ? config.numLayers : options.blocks;
  const top = selectTrainedPart(config, blocks);
  const isFixed = ({ path }: ParameterEntry): boolean => path.startsWith("gpt.blocks.");
  const fixed = top.trained.filter(isFixed);
  const names: readonly string[] =
    options.matrices === "all" ? Object.values(matricesOf).flat() : matricesOf[options.matrices];
  const adapters = classifierParameterTable(config, numLabels)
    .filter((entry) => fixed.some(({ path }) => path === entry.path))
    .filter(({ path }) => names.some((name) => path.endsWith(`.${name}.weight`)))
    .map((entry) => adapterOf(entry, options.rank));
  const trained = [
    ...adapters.flatMap(({ down, up }) => [down, up]),
    ...top.trained.filter((entry) => !isFixed(entry)),
  ];
  return { ...top, trained, lora: { scale: options.alpha / options.rank, adapters, fixed } };
}

function adapterOf({ path, shape: [inputs = 0, outputs = 0] }: ParameterEntry, rank: number): Adapter {
  const beside = path.replace(/\.weight$/, "");
  const matrix = { dtype: "float32", decayed: true } as const;
  // The variance of the authors' code, 1 / (3 · in): microsoft/LoRA loralib/layers.py, kaiming_uniform_ with a = sqrt(5).
  const standardDeviation = 1 / Math.sqrt(3 * inputs);
  return {
    beside,
    down: {
      path: `${beside}.lora.down`,
      shape: [inputs, rank],
      initialiser: { kind: "normal", standardDeviation },
      ...matrix,
    },
    up: { path: `${beside}.lora.up`, shape: [rank, outputs], initialiser: { kind: "zeros" }, ...matrix },
  };
}

/**
 * The same model with adapters in place.
 * @param top - blocks from `firstBlock` on
 * @param flat - every parameter of the part, the adapters' among them
 * @param dropout - of what the adapters read
 */
export function attachAdapters(
  top: ClassifierTop<Tensor>,
  { firstBlock, lora }: TrainedPart,
  flat: FlatParams<Tensor>,
  dropout: Dropout,
): ClassifierTop<Tensor> {
  if (lora === undefined) return top;
  const adapters = new Map(lora.adapters.map((adapter) => [adapter.beside, adapter]));
  const adapted = (plain: LinearParams<Tensor>, path: string): AdaptedLinearParams => {
    const adapter = adapters.get(path);
    if (adapter === undefined) return plain;
    const [down, up] = [flat[adapter.down.path]!, flat[adapter.up.path]!];
    return { ...plain, adapter: { down, up, scale: lora.scale, dropout } };
  };
  const blocks = top.blocks.map(({ attention, mlp, ...norms }, k): BlockParams<Tensor> => {
    const path = `gpt.blocks.${firstBlock + k}`;
    return {
      ...norms,
      attention: {
        qkv: adapted(attention.qkv, `${path}.attention.qkv`),
        projection: adapted(attention.projection, `${path}.attention.projection`),
      },
      mlp: {
        expand: adapted(mlp.expand, `${path}.mlp.expand`),
        project: adapted(mlp.project, `${path}.mlp.project`),
      },
    };
  });
  return { ...top, blocks };
}

/**
 * Plain weights in place of adapters.
 * @param before - the base's parameters, float32; left as they are
 * @param trained - values of `part.trained`
 * @returns every parameter of the part by its path in the parameter table
 */
export function mergeAdapters(
  { lora }: Pick<TrainedPart, "lora">,
  before: FlatParams<HostTensor>,
  trained: FlatParams<HostTensor>,
): FlatParams<HostTensor> {
  if (lora === undefined) return trained;
  const merged: Record<string, HostTensor> = { ...trained };
  for (const { beside, down, up } of lora.adapters) {
    const path = `${beside}.weight`;
    merged[path] = addProduct(before[path]!, trained[down.path]!, trained[up.path]!, lora.scale);
    delete merged[down.path];
    delete merged[up.path];
  }
  return merged;
}

/** `weight + scale · down · up`, summed in float64 a row at a time and rounded once. */
function addProduct(weight: HostTensor, down: HostTensor, up: HostTensor, scale: number): HostTensor {
  const [rank = 0, outputs = 0] = up.shape;
  const data = Float32Array.from(weight.data);
  const sums = new Float64Array(outputs);
  for (let row = 0; row * outputs < data.length; row++) {
    sums.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scale * down.data[row * rank + r]!;
      for (let column = 0; column < outputs; column++)
        sums[column]! += factor * up.data[r * outputs + column]!;
    }
    for (let column = 0; column < outputs; column++) data[row * outputs + column]! += sums[column]!;
  }
  return { dtype: "float32", shape: weight.shape, data };
}

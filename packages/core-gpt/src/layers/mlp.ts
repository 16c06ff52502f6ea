/** The feed-forward half of a block: each token by itself. */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { BlockParams } from "../params.js";
import { gelu } from "./gelu.js";
import { linear } from "./linear.js";

/**
 * `gelu(x · expand + b) · project + b`
 * @param x - float32 [..., D]
 * @param params - expand [D, 4D], project [4D, D]
 * @returns float32 [..., D]
 * Source: openai/gpt-2 src/model.py#L116-L121 `mlp`.
 */
export function mlp(x: Tensor, { expand, project }: BlockParams<Tensor>["mlp"]): Tensor {
  return linear(gelu(linear(x, expand)), project); // [..., D] -> [..., 4D] -> [..., D]
}

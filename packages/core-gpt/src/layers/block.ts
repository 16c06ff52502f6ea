/** One transformer block: tokens exchange what they know (attention), then each thinks about it (mlp). */

import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { GptConfig } from "../config.js";
import type { BlockParams } from "../params.js";
import { attention } from "./attention.js";
import { type Dropout, noDropout } from "./dropout.js";
import { layerNorm } from "./layer-norm.js";
import { mlp } from "./mlp.js";
import { keepPadding, type Padding } from "./padding.js";

/**
 * `x += attention(norm(x)); x += mlp(norm(x))`
 *
 * The norms stand before the sublayers ("pre-norm"), so x itself runs through all blocks as a stream that each block only
 * adds to, and gradients reach the first block undiminished.
 * @param x - float32 [B, T, D]
 * @param mask - `causalMask`, float32 [T, T]
 * @param dropout - on the attention weights and on what each sublayer adds
 * @param padding - with `skipPadding` x and the result are [R, D]
 * @returns float32 [B, T, D]
 * Source: openai/gpt-2 src/model.py#L124-L131 `block`; Radford et al. 2019, section 2.3.
 */
export function block(
  x: Tensor,
  params: BlockParams<Tensor>,
  { numHeads, layerNormEpsilon }: GptConfig,
  mask: Tensor,
  dropout: Dropout = noDropout,
  padding: Padding = keepPadding,
): Tensor {
  const attended = attention(
    layerNorm(x, params.attentionNorm, layerNormEpsilon),
    params.attention,
    numHeads,
    mask,
    dropout,
    padding,
  );
  const middle = tf.add(x, dropout(attended));
  const thought = mlp(layerNorm(middle, params.mlpNorm, layerNormEpsilon), params.mlp);
  return tf.add(middle, dropout(thought));
}

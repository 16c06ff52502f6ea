/** Where GPT-2 drops out: after the embeddings, on attention probabilities, and on what each sublayer adds to the residual stream. */
import type { Tensor } from "@tensorflow/tfjs-core";

/**
 * Dropout is an argument, not an operation: the trainer passes `(x) => random.dropout(x, 0.1)` with its seeded generator,
 * and inference passes nothing. `tf.dropout` is no use here: it would draw its mask once, while the function is recorded.
 */
export type Dropout = (x: Tensor) => Tensor;

export const noDropout: Dropout = (x) => x;

/**
 * What single tokens and pairs of neighbours say by themselves, added to the head's logits: the "wide" part beside the deep
 * one of Cheng et al. 2016 (arXiv 1606.07792, section 3), with the hashing of Weinberger et al. 2009 (arXiv 0902.2206) in
 * place of a list of pairs. Two blocks are too few to learn every phrase; a table of phrases costs next to no time.
 * Shape letters: B messages, T tokens, R rows of the table ("buckets"), L labels.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";

/** Odd, so that no bits are lost modulo a power of two; its product with an id stays below 2^31 (config.ts bounds ids). */
const multiplier = 40_009;

/**
 * AdamW moves every parameter by about the learning rate, however rarely its gradient comes. A row is met rarely and has to
 * get far: its values are multiplied by this, so that a learning rate that suits the blocks suits the table.
 */
const scale = 8;

/**
 * The row of each token's pair with the token before it; the first token's partner is id V, which no token has.
 * @param ids - int32 [B, T], from 0 to V - 1        @param positions - int32 [T]: n, n + 1, ... from any n
 * @returns int32 [B, T], from 0 to R - 1
 */
export function pairRows(ids: Tensor, positions: Tensor, vocabSize: number, buckets: number): Tensor {
  const one = tf.scalar(1, "int32");
  const places = tf.sub(positions, tf.slice(positions, [0], [1])); // [T]: 0, 1, ... T - 1
  const before = tf.gather(ids, tf.maximum(tf.sub(places, one), tf.scalar(0, "int32")), 1); // [B, T]
  const isFirst = tf.less(places, one); // [T]
  const partner = tf.where(isFirst, tf.scalar(vocabSize, "int32"), before); // [B, T]
  const mixed = tf.add(tf.mul(partner, tf.scalar(multiplier, "int32")), ids);
  return tf.mod(mixed, tf.scalar(buckets, "int32"));
}

/**
 * `8 · Σ mask · (table[single] + table[pair]) / √(number of tokens)`; 0 for a message without tokens.
 * @param table - float32 [R, L]
 * @param ids - int32 [B, T]         @param positions - int32 [T]         @param mask - float32 [B, T]
 * @returns float32 [B, L]
 */
export function bigramLogits(
  table: Tensor,
  ids: Tensor,
  positions: Tensor,
  mask: Tensor,
  vocabSize: number,
): Tensor {
  const [buckets = 1] = table.shape;
  const singles = tf.gather(table, tf.mod(ids, tf.scalar(buckets, "int32"))); // [B, T, L]
  const pairs = tf.gather(table, pairRows(ids, positions, vocabSize, buckets)); // [B, T, L]
  const counted = tf.mul(tf.add(singles, pairs), tf.expandDims(mask, -1)); // [B, T, L]
  const length = tf.maximum(tf.sum(mask, 1, true), 1); // [B, 1]
  return tf.mul(tf.div(tf.sum(counted, 1), tf.sqrt(length)), scale); // [B, L]
}

/** Input of the trained top: hidden states from the feature cache, or from the trunk itself where nothing is kept. */
import { createHash } from "node:crypto";
import type { HostTensor } from "@btp/tfjs-jit";
import { type BatchInput, layOutPositions, layOutTokens } from "../messages/batch.js";
import { planByLength } from "../messages/batching.js";
import { type EncodedMessages, messageCount, messageLengths } from "../messages/encoded-messages.js";
import type { MessageSource } from "../run/message-source.js";
import type { TrainedPart } from "../step/trained-part.js";
import { type FeatureReader, type FeatureShape, FeatureWriter } from "./feature-file.js";
import type { Trunk } from "./trunk.js";

/** Tokens that the trunk computes at once, padding included. */
const maxTokens = 2048;

/** Messages as the trained part sees them: one row each where only the pooled message is kept. */
export function rowsOf(messages: EncodedMessages, part: Pick<TrainedPart, "kind">): EncodedMessages {
  if (part.kind !== "head") return messages;
  const offsets = Int32Array.from({ length: messageCount(messages) + 1 }, (_, i) => i);
  return { ...messages, ids: new Int32Array(0), offsets };
}

/**
 * What has to be the same for features to be the same: the frozen weights, where they end, the token ids, and with an int8
 * trunk what it was calibrated on.
 */
export function featureKey(
  baseSha256: string,
  part: Pick<TrainedPart, "kind" | "firstBlock">,
  messages: EncodedMessages,
  int8Calibration: readonly BatchInput<HostTensor>[] = [],
): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify(["features 2", baseSha256, part.kind, part.firstBlock, messageCount(messages)]));
  if (int8Calibration.length > 0)
    hash.update(JSON.stringify(["int8 1", int8Calibration.map(({ input }) => [...input.data])]));
  for (const { buffer, byteOffset, byteLength } of [messages.offsets, messages.ids])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex").slice(0, 32);
}

/** Runs the trunk over all messages, shortest first, and keeps the result. The caller closes the reader. */
export async function computeFeatures(
  trunk: Trunk,
  messages: EncodedMessages,
  rows: EncodedMessages,
  { folder, key, width }: { readonly folder: string; readonly key: string; readonly width: number },
  onBatch: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<FeatureReader> {
  const writer = await FeatureWriter.create(folder, key, { rowOffsets: rows.offsets, width });
  try {
    const lengths = messageLengths(messages);
    let done = 0;
    for (const group of groupBatches(planByLength(lengths, maxTokens), lengths, trunk.group?.tokens ?? 0)) {
      signal?.throwIfAborted();
      const inGroup = group.reduce((sum, batch) => sum + batch.length, 0);
      const hidden = await runGroup(
        trunk,
        group.map((batch) => layOutTokens(messages, batch)),
        (part) => {
          signal?.throwIfAborted();
          onBatch(done + Math.floor(part * inGroup));
        },
      );
      for (const [g, batch] of group.entries()) await writeBatch(writer, batch, hidden[g]!, rows, width);
      done += inGroup;
      onBatch(done);
    }
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

async function writeBatch(
  writer: FeatureWriter,
  batch: readonly number[],
  hidden: HostTensor,
  rows: EncodedMessages,
  width: number,
): Promise<void> {
  const perMessage = hidden.data.length / batch.length;
  for (const [k, i] of batch.entries()) {
    const values = (rows.offsets[i + 1]! - rows.offsets[i]!) * width;
    const from = k * perMessage;
    await writer.write(i, (hidden.data as Float32Array).slice(from, from + values));
  }
}

async function runGroup(
  { group, run }: Trunk,
  batches: readonly BatchInput<HostTensor>[],
  onPart: (part: number) => void,
): Promise<HostTensor[]> {
  if (group) return group.run(batches, onPart);
  const found: HostTensor[] = [];
  for (const batch of batches) found.push(await run(batch));
  return found;
}

/** Consecutive batches of at most `tokens` tokens together, padding included; a larger batch is a group by itself. */
function groupBatches(
  batches: readonly (readonly number[])[],
  lengths: Int32Array,
  tokens: number,
): (readonly number[])[][] {
  const groups: (readonly number[])[][] = [];
  let room = 0;
  for (const batch of batches) {
    const size = batch.length * batch.reduce((longest, i) => Math.max(longest, lengths[i]!), 1);
    if (groups.length === 0 || size > room) {
      groups.push([]);
      room = tokens;
    }
    groups.at(-1)!.push(batch);
    room -= size;
  }
  return groups;
}

/** @param rows - from `rowsOf` */
export function cachedSource(
  rows: EncodedMessages,
  reader: FeatureReader,
  { width }: Pick<FeatureShape, "width">,
): MessageSource {
  return {
    messages: rows,
    async read(batch): Promise<BatchInput<HostTensor>> {
      const layout = layOutPositions(rows, batch);
      const [count = 0, tokens = 0] = layout.mask.shape;
      const data = new Float32Array(count * tokens * width); // padding stays zero: no real token sees it
      for (const [row, i] of batch.entries()) await reader.read(i, data.subarray(row * tokens * width));
      return { input: { dtype: "float32", shape: [count, tokens, width], data }, ...layout };
    },
  };
}

/** Nothing is kept: the trunk runs for each batch. @param dropping - used while training, when it drops out */
export function recomputedSource(
  messages: EncodedMessages,
  rows: EncodedMessages,
  trunk: Trunk,
  dropping: Trunk = trunk,
): MessageSource {
  return {
    messages: rows,
    async read(batch, seed) {
      const input = await (seed === undefined ? trunk : dropping).run(layOutTokens(messages, batch));
      return { input, ...layOutPositions(rows, batch) };
    },
  };
}

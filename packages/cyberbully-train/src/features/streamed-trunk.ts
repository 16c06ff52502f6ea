/**
 * A frozen trunk that is larger than the memory: its weights stay in their file and are read a block at a time. One program
 * computes every block, with the block's weights as arguments; many batches pass one block before the next is read, so that
 * reading costs little beside computing. Shape letters: B messages, T tokens, D width.
 */
import {
  type BlockParams,
  buildParams,
  embed,
  type GptConfig,
  type LayerNormParams,
  layerNorm,
  meanPool,
  noDropout,
  runBlocks,
  skipPadding,
} from "@btp/core-gpt";
import { type Engine, type HostTensor, type Program, type TensorSpec, tensorSpec } from "@btp/tfjs-jit";
import type { Gpt2Reader } from "@btp/weights-gpt2";
import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { BatchInput } from "../messages/batch.js";
import { inputSpecs } from "../step/step-program.js";
import type { TrainedPart } from "../step/trained-part.js";
import type { Trunk } from "./trunk.js";

interface Embeddings<T> {
  readonly tokenEmbedding: T;
  readonly positionEmbedding: T;
}

/** Where the tokens of a batch are. */
type Places<T> = Omit<BatchInput<T>, "input">;

interface Programs {
  /** weights, ids [B, T], positions [T] -> [B, T, D] */
  readonly embed: Program<[Embeddings<Tensor>, Tensor, Tensor], Tensor>;
  /** weights, hidden [B, T, D] -> [B, T, D] */
  readonly block: Program<[BlockParams<Tensor>, Tensor, Places<Tensor>], Tensor>;
  /** weights, hidden [B, T, D], mask [B, T] -> [B, 1, D] */
  readonly pool: Program<[LayerNormParams<Tensor>, Tensor, Tensor], Tensor>;
}

/** Bytes of hidden states that pass a block before the next is read: thousands of messages. */
const groupBytes = 512e6;

/** @param reader - of the base; closed with the trunk */
export async function compileStreamedTrunk(
  engine: Engine,
  config: GptConfig,
  part: TrainedPart,
  reader: Gpt2Reader,
): Promise<Trunk> {
  const programs = await compilePrograms(engine, config);
  const runGroup = async (
    batches: readonly BatchInput<HostTensor>[],
    onPart: (part: number) => void = () => undefined,
  ): Promise<HostTensor[]> => {
    const steps = (part.firstBlock + 1) * batches.length;
    let done = 0;
    const hidden: HostTensor[] = [];
    const pass = async (run: (batch: BatchInput<HostTensor>, i: number) => Promise<HostTensor>) => {
      for (const [i, batch] of batches.entries()) {
        hidden[i] = await run(batch, i); // what it was made from can go
        onPart(++done / steps);
      }
    };
    const embeddings = {
      tokenEmbedding: await reader.read("tokenEmbedding"),
      positionEmbedding: await reader.read("positionEmbedding"),
    };
    await pass(({ input, positions }) => programs.embed.run(embeddings, input, positions));
    for (let k = 0; k < part.firstBlock; k++) {
      const weights = await reader.readBlock(k);
      await pass(({ input: _ids, ...places }, i) => programs.block.run(weights, hidden[i]!, places));
    }
    if (part.kind !== "head") return hidden;
    const finalNorm = {
      gain: await reader.read("finalNorm.gain"),
      bias: await reader.read("finalNorm.bias"),
    };
    const pooled: HostTensor[] = [];
    for (const [i, { mask }] of batches.entries())
      pooled.push(await programs.pool.run(finalNorm, hidden[i]!, mask));
    return pooled;
  };
  return {
    run: async (batch) => (await runGroup([batch]))[0]!,
    group: { tokens: Math.floor(groupBytes / (4 * config.width)), run: runGroup },
    async dispose() {
      await Promise.all(Object.values(programs).map((program) => program.dispose()));
      await reader.close();
    },
  };
}

async function compilePrograms(engine: Engine, config: GptConfig): Promise<Programs> {
  const table = buildParams<TensorSpec>(config, ({ shape, dtype }) => ({ shape, dtype }));
  const { tokenEmbedding, positionEmbedding, finalNorm } = table;
  const hidden = tensorSpec("float32", ["batch", "tokens", config.width]);
  const { input: ids, ...places } = inputSpecs({ kind: "everything" }, config.width);
  const { positions, mask } = places;
  type None = Record<string, never>;
  return {
    embed: await engine.compile(
      (_: None, weights: Embeddings<Tensor>, input: Tensor, at: Tensor) => embed(weights, input, at),
      {},
      [{ tokenEmbedding, positionEmbedding }, ids, positions],
      { name: "embeddings" },
    ),
    block: await engine.compile(
      (_: None, weights: BlockParams<Tensor>, input: Tensor, places: Places<Tensor>) =>
        runBlocks(input, [weights], config, places.positions, noDropout, skipPadding(places, places.mask)),
      {},
      [table.blocks[0]!, hidden, places],
      { name: "one frozen block" },
    ),
    pool: await engine.compile(
      (_: None, weights: LayerNormParams<Tensor>, input: Tensor, of: Tensor) =>
        tf.expandDims(meanPool(layerNorm(input, weights, config.layerNormEpsilon), of), 1),
      {},
      [finalNorm, hidden, mask],
      { name: "pooling" },
    ),
  };
}

/** Scores messages with given weights, without dropout: one program, recorded once, for all evaluations of a run. */
import type { GptConfig } from "@btp/core-gpt";
import type { Engine, HostTensor, Program } from "@btp/tfjs-jit";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { BatchInput } from "../messages/batch.js";
import { planByLength } from "../messages/batching.js";
import { messageCount, messageLengths } from "../messages/encoded-messages.js";
import { forward } from "../step/forward.js";
import { inputSpecs, specsOf } from "../step/step-program.js";
import type { FlatParams, TrainedPart } from "../step/trained-part.js";
import type { MessageSource } from "./message-source.js";

/** Tokens of one batch, padding included: enough to keep the processor busy, little memory. */
const maxTokens = 2048;

export class Scorer {
  private readonly program: Program<[FlatParams<Tensor>, BatchInput<Tensor>], Tensor>;

  private readonly fixed: FlatParams<HostTensor>;

  private constructor(program: Scorer["program"], fixed: FlatParams<HostTensor>) {
    this.program = program;
    this.fixed = fixed;
  }

  /** @param fixed - parameters of the part that stay as they are */
  static async create(
    engine: Engine,
    config: GptConfig,
    part: TrainedPart,
    fixed: FlatParams<HostTensor> = {},
  ): Promise<Scorer> {
    const trained = Object.fromEntries(part.trained.map((entry) => [entry.path, entry]));
    const program = await engine.compile(
      (_constants: Record<string, never>, weights: FlatParams<Tensor>, batch: BatchInput<Tensor>) =>
        forward(config, part, weights, batch).logits,
      {},
      [specsOf({ ...fixed, ...trained }), inputSpecs(part, config.width)],
      { name: "scoring" },
    );
    return new Scorer(program, fixed);
  }

  /**
   * @param onBatch - called with the number of messages done so far
   * @returns logits, float32 [messages, 2], in the order of the messages
   */
  async score(
    weights: FlatParams<HostTensor>,
    source: MessageSource,
    onBatch: (done: number) => void = () => undefined,
  ): Promise<Float32Array> {
    const all = { ...this.fixed, ...weights };
    const logits = new Float32Array(messageCount(source.messages) * 2);
    let done = 0;
    for (const batch of planByLength(messageLengths(source.messages), maxTokens)) {
      const result = await this.program.run(all, await source.read(batch));
      batch.forEach((i, row) => {
        logits[i * 2] = result.data[row * 2]!;
        logits[i * 2 + 1] = result.data[row * 2 + 1]!;
      });
      done += batch.length;
      onBatch(done);
    }
    return logits;
  }

  dispose(): Promise<void> {
    return this.program.dispose();
  }
}

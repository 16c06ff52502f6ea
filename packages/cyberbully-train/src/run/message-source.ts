/** Where a program's input comes from: token ids, or what a frozen trunk made of them. */
import type { HostTensor } from "@btp/tfjs-jit";
import { type BatchInput, layOutTokens, paddedLength } from "../messages/batch.js";
import type { EncodedMessages } from "../messages/encoded-messages.js";

export interface MessageSource {
  readonly messages: EncodedMessages;
  /**
   * @param batch - positions of messages
   * @param seed - while training: of whatever is random about this batch's input; absent when scoring
   */
  read(batch: readonly number[], seed?: number): Promise<BatchInput<HostTensor>>;
}

export interface TokenSourceOptions {
  /** Part of the tokens replaced while training. */
  readonly tokenDropout: number;
  /** Id that replaces them. */
  readonly replacement: number;
  /** While training, messages begin at a random position up to this, where the context has room. */
  readonly positionShift: number;
  /** C: positions that the model has. */
  readonly contextLength: number;
}

export function tokenSource(messages: EncodedMessages, options: TokenSourceOptions): MessageSource {
  const { contextLength } = options;
  return {
    messages,
    async read(batch, seed) {
      if (seed === undefined) return layOutTokens(messages, batch);
      const room = contextLength - paddedLength(messages, batch);
      return layOutTokens(messages, batch, {
        ...options,
        positionShift: Math.min(options.positionShift, room),
        seed,
      });
    },
  };
}

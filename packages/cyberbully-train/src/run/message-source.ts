/** Where a program's input comes from: token ids, or what a frozen trunk made of them. */
import type { HostTensor } from "@btp/tfjs-jit";
import { type BatchInput, layOutTokens } from "../messages/batch.js";
import type { EncodedMessages } from "../messages/encoded-messages.js";

export interface MessageSource {
  readonly messages: EncodedMessages;
  /**
   * @param batch - positions of messages
   * @param seed - while training: of whatever is random about this batch's input; absent when scoring
   */
  read(batch: readonly number[], seed?: number): Promise<BatchInput<HostTensor>>;
}

/** @param tokenDropout - part of the tokens replaced while training  @param replacement - id that replaces them */
export function tokenSource(
  messages: EncodedMessages,
  { tokenDropout, replacement }: { readonly tokenDropout: number; readonly replacement: number },
): MessageSource {
  return {
    messages,
    read: async (batch, seed) =>
      layOutTokens(
        messages,
        batch,
        seed === undefined ? undefined : { rate: tokenDropout, replacement, seed },
      ),
  };
}

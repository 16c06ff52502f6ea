/** What the training loop reads at each batch: token ids where everything is trained, else what the frozen trunk makes of them. */
import type { Engine } from "@btp/tfjs-jit";
import type { TrainConfig } from "../config/knobs.js";
import type { EncodedMessages } from "../messages/encoded-messages.js";
import { type MessageSource, tokenSource } from "../run/message-source.js";
import type { OnProgress } from "../run/progress.js";
import type { TrainedPart } from "../step/trained-part.js";
import type { StartWeights } from "./start-weights.js";
import type { Vocabulary } from "./vocabulary.js";

export interface SourcesInput {
  readonly config: TrainConfig;
  readonly start: StartWeights;
  readonly part: TrainedPart;
  readonly engine: Engine;
  readonly vocabulary: Vocabulary;
  readonly messages: { readonly train: EncodedMessages; readonly validation: EncodedMessages };
  readonly onProgress: OnProgress;
  readonly note: (text: string) => Promise<void>;
  readonly signal: AbortSignal | undefined;
  readonly now: () => number;
}

export interface Sources {
  readonly train: MessageSource;
  readonly validation: MessageSource;
  dispose(): Promise<void>;
}

export async function prepareSources(input: SourcesInput): Promise<Sources> {
  const { config, vocabulary, messages } = input;
  const replacement = vocabulary.maskId;
  return {
    train: tokenSource(messages.train, { tokenDropout: config.tokenDropout, replacement }),
    validation: tokenSource(messages.validation, { tokenDropout: 0, replacement }),
    dispose: async () => undefined,
  };
}

/** What of a model is trained where adapters are: see lora.ts. */
import type { ParameterEntry } from "@btp/core-gpt";

export interface Adapter {
  /** Path of what it is beside: "gpt.blocks.11.attention.qkv". */
  readonly beside: string;
  /** [in, R], normal */
  readonly down: ParameterEntry;
  /** [R, out], zero at first: training starts from the base's own function. */
  readonly up: ParameterEntry;
}

export interface LoraPart {
  /** alpha / rank */
  readonly scale: number;
  readonly adapters: readonly Adapter[];
  /** Parameters of the blocks with adapters: used, not changed before they are merged. */
  readonly fixed: readonly ParameterEntry[];
}

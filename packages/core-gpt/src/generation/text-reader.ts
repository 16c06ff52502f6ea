/** A language model at work on one text: it is given tokens as they come and tells what may follow. */
import type { GptConfig } from "../config.js";
import { GptError } from "../errors.js";
import type { HostTensor } from "../host-tensor.js";
import type { CachedStepResult, KeysAndValues } from "./cached-step.js";
import { KeyValueCache } from "./key-value-cache.js";

export interface TextReader {
  /** Tokens that can still be read. */
  readonly room: number;
  /**
   * Reads on. One call at a time: the next begins when this one has ended.
   * @param ids - at least one
   * @returns logits of the token after the last, float32 [V]; the caller's own
   * @throws {GptError} INVALID_PROMPT when there are none or more than there is room for
   */
  read(ids: ArrayLike<number>): Promise<Float32Array>;
}

/** `cachedStep` with its parameters given, as an engine runs it: a compiled program's `run`. */
export type RunCachedStep = (
  ids: HostTensor,
  positions: HostTensor,
  pastPositions: HostTensor,
  past: KeysAndValues<HostTensor>,
) => Promise<CachedStepResult<HostTensor>>;

/** A reader of one text that begins here. Any number of them can share one program. */
export function createTextReader(config: GptConfig, run: RunCachedStep): TextReader {
  const cache = new KeyValueCache(config);
  return {
    get room() {
      return config.contextLength - cache.length;
    },
    async read(ids) {
      if (ids.length === 0 || ids.length > this.room)
        throw new GptError("INVALID_PROMPT", `expected 1 to ${this.room} tokens, got ${ids.length}`);
      const int32 = (data: Int32Array, shape: number[]): HostTensor => ({ dtype: "int32", shape, data });
      const positions = Int32Array.from({ length: ids.length }, (_, i) => cache.length + i);
      const step = await run(
        int32(Int32Array.from(ids), [1, ids.length]),
        int32(positions, [ids.length]),
        cache.pastPositions(),
        cache.past(),
      );
      cache.append(step);
      return Float32Array.from(step.logits.data);
    },
  };
}

/**
 * detect(texts): tokenise, put empty messages aside, sort into batches by length, run the network, decide, restore the order. It owns no files;
 * load.ts makes it from a directory.
 */
import type { Tokenizer } from "@btp/core-gpt";
import { type BatchLimits, planBatches } from "./batch.js";
import { checkThreshold, decide, scoreOf } from "./decide.js";
import type { Detection, DetectOptions, DetectorInfo, ForEach, LoadedDetector } from "./detection.js";
import { emptyDecision, isEmptyMessage } from "./empty-message.js";
import { DetectorError } from "./errors.js";
import type { Network } from "./network.js";
import { checkTexts, tokenizeMessages } from "./tokenize.js";

export interface DetectorParts {
  readonly info: DetectorInfo;
  readonly tokenizer: Tokenizer;
  readonly network: Network;
  readonly batchLimits?: BatchLimits;
  /** Releases what the detector owns besides the network, once, after the last run. */
  readonly release?: () => Promise<void>;
}

/** The returned detector owns `parts.network`. Calls of detect() may overlap. */
export function createDetector(parts: DetectorParts): LoadedDetector {
  const { info, tokenizer, network } = parts;
  const running = new Set<Promise<unknown>>();
  let disposal: Promise<void> | undefined;

  async function detectAll(
    texts: readonly string[],
    threshold: number,
    onTokenized: DetectOptions["onTokenized"],
  ): Promise<Detection[]> {
    const start = performance.now();
    const messages = await tokenizeMessages(tokenizer, texts, info.maxLength);
    onTokenized?.(performance.now() - start);
    const detections = new Array<Detection>(texts.length);
    // What says nothing is not for the network to judge: its answer would be the head's bias.
    const judged: number[] = [];
    for (const [position, { ids }] of messages.entries()) {
      if (ids.length > 0 && !isEmptyMessage(texts[position]!)) judged.push(position);
      else detections[position] = { ...emptyDecision(threshold), tokens: 0, truncated: false };
    }
    const batches = planBatches(
      judged.map((position) => messages[position]!.ids.length),
      parts.batchLimits,
      network.paddingCost,
    );
    for (const batch of batches.map((indices) => indices.map((index) => judged[index]!))) {
      const logits = await network.run(batch.map((position) => messages[position]!.ids)); // [B, 2]
      batch.forEach((position, row) => {
        const score = scoreOf(logits[2 * row]!, logits[2 * row + 1]!, info.temperature);
        const { totalTokens, truncated } = messages[position]!;
        detections[position] = { ...decide(score, threshold), tokens: totalTokens, truncated };
      });
    }
    return detections;
  }

  return {
    info,
    async detect<const Texts extends readonly string[]>(
      texts: Texts,
      options: DetectOptions = {},
    ): Promise<ForEach<Texts, Detection>> {
      if (disposal)
        throw new DetectorError("DISPOSED", "Expected a live detector, but dispose() was called on it.");
      const threshold = checkThreshold(options.threshold ?? info.threshold);
      checkTexts(texts);
      // A copy: the caller may change its list while we wait.
      const run = detectAll([...texts], threshold, options.onTokenized);
      running.add(run);
      try {
        return (await run) as ForEach<Texts, Detection>; // one a text: the compiler cannot see it
      } finally {
        running.delete(run);
      }
    },
    dispose(): Promise<void> {
      disposal ??= (async () => {
        await Promise.allSettled(running);
        await network.dispose();
        await parts.release?.();
      })();
      return disposal;
    },
  };
}

/**
 * Measures a detector on this machine: the first decision, one message at a time, and many together. Messages are made
 * of the vocabulary of a seeded generator, so that they are the same everywhere and nobody's.
 */
import { createRandom } from "@btp/core-gpt";
import type { Detector } from "@btp/detector";

export interface BenchOptions {
  /** Words of a message; a word is one to two tokens. */
  readonly words: number;
  /** Rounds that are measured, after one that is not. */
  readonly rounds: number;
  readonly now: () => number;
}

export interface BenchRow {
  readonly batch: number;
  readonly meanTokens: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly messagesPerSecond: number;
}

export interface BenchReport {
  readonly detector: Pick<Detector["info"], "name" | "parameters" | "engine">;
  readonly rows: readonly BenchRow[];
}

const batchSizes = [1, 8, 32, 128] as const;

const vocabulary =
  "the a you we they is are not so very good bad game school friend today never again please stop look this that how why go home work photo song late early big small new old left right one two three".split(
    " ",
  );

export async function measureDetector(detector: Detector, options: BenchOptions): Promise<BenchReport> {
  const rows: BenchRow[] = [];
  const random = createRandom(1);
  for (const batch of batchSizes) {
    const texts = Array.from({ length: batch }, () =>
      Array.from({ length: options.words }, () => vocabulary[Math.floor(random() * vocabulary.length)]).join(
        " ",
      ),
    );
    const detections = await detector.detect(texts);
    const durations: number[] = [];
    for (let round = 0; round < options.rounds; round++) {
      const start = options.now();
      await detector.detect(texts);
      durations.push(options.now() - start);
    }
    durations.sort((a, b) => a - b);
    const medianMs = at(durations, 0.5);
    const meanTokens = detections.reduce((sum, { tokens }) => sum + tokens, 0) / batch;
    rows.push({
      batch,
      meanTokens,
      medianMs,
      p95Ms: at(durations, 0.95),
      messagesPerSecond: (1000 * batch) / medianMs,
    });
  }
  const { name, parameters, engine } = detector.info;
  return { detector: { name, parameters, engine }, rows };
}

/** @param sorted - ascending, not empty */
function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

export function formatBench({ detector, rows }: BenchReport): string {
  const { name, parameters, engine } = detector;
  const header = ["batch", "tokens", "median ms", "p95 ms", "messages/s"]
    .map((title) => title.padStart(11))
    .join("");
  const lines = rows.map(({ batch, meanTokens, medianMs, p95Ms, messagesPerSecond }) =>
    [
      String(batch),
      meanTokens.toFixed(0),
      medianMs.toFixed(2),
      p95Ms.toFixed(2),
      messagesPerSecond.toFixed(0),
    ]
      .map((text) => text.padStart(11))
      .join(""),
  );
  return `${name}: ${parameters.toLocaleString("en")} parameters, engine ${engine}\n${header}\n${lines.join("\n")}\n`;
}

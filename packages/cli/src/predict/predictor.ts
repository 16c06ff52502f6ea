/** Texts to results, with whatever the command line asked for: threshold, explanation, notice of truncation. */
import type { Detector, Precision } from "@btp/detector";
import type { CliContext } from "../context.js";
import { findModel } from "../model-path.js";
import type { EngineOption } from "../shared-options.js";
import type { Result } from "./result-format.js";

export interface PredictorOptions {
  readonly model?: string;
  readonly engine: EngineOption;
  readonly threads?: number;
  readonly precision?: Precision;
  readonly threshold?: number;
  readonly explain?: boolean;
}

export interface Predictor {
  readonly detector: Detector;
  predict(texts: readonly string[]): Promise<Result[]>;
  dispose(): Promise<void>;
}

export async function createPredictor(options: PredictorOptions, context: CliContext): Promise<Predictor> {
  const dir = findModel(options.model, context.cwd);
  const { explain, loadDetector } = await import("@btp/detector");
  const detector = await loadDetector(dir, {
    engine: options.engine,
    ...(options.threads !== undefined && { threads: options.threads }),
    ...(options.precision !== undefined && { precision: options.precision }),
    onNote: (text) => context.stderr.write(`${text}\n`),
  });
  const settings = options.threshold === undefined ? {} : { threshold: options.threshold };
  return {
    detector,
    predict: (texts) =>
      options.explain ? explain(detector, texts, settings) : detector.detect(texts, settings),
    dispose: () => detector.dispose(),
  };
}

/** "message 3: ..." for each message of which only the beginning was read. */
export function truncationNotices(
  names: readonly string[],
  results: readonly Result[],
  maxLength: number,
): string[] {
  return results.flatMap(({ truncated, tokens }, i) =>
    truncated ? [`${names[i]}: ${tokens} tokens, of which the first ${maxLength} were read`] : [],
  );
}

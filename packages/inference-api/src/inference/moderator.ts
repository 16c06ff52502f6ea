/**
 * From messages to decisions: applies a request's threshold and its way with long messages.
 * Between the routes, which speak HTTP, and the dispatcher, which knows only texts and workers.
 */
import type { Detection } from "@btp/detector";
import { decide } from "@btp/detector/decide";
import { ApiError } from "../errors.js";
import type { DetectResponse } from "../schemas.js";
import { cutText, type TextRange } from "./chunk.js";
import type { Job, Scored } from "./job.js";

export interface ModerateOptions {
  readonly threshold?: number | undefined;
  readonly longText?: "truncate" | "chunk" | undefined;
}

export interface ModerateTimings {
  /** Longest wait of any of the request's messages, milliseconds. */
  readonly queueMs: number;
  /** Longest tokenization of any of its batches, milliseconds. */
  readonly tokenizationMs: number;
  /** Longest run of any of its batches, milliseconds. */
  readonly inferenceMs: number;
}

export interface Moderation {
  readonly decisions: readonly DetectResponse[];
  readonly timings: ModerateTimings;
}

export interface ModerationJob {
  readonly result: Promise<Moderation>;
  cancel(): void;
}

export interface Submitter {
  submit(texts: readonly string[], until?: number): Job;
}

export interface ModeratorLimits {
  readonly maxChunks: number;
  /** Tokens that the model reads; a getter, because a reload may change it. */
  readonly maxLength: () => number;
}

/** A part must not be truncated; parts are made this much smaller than the message's average density suggests. */
const MARGIN = 0.8;

export class Moderator {
  readonly #submitter: Submitter;
  readonly #limits: ModeratorLimits;

  constructor(submitter: Submitter, limits: ModeratorLimits) {
    this.#submitter = submitter;
    this.#limits = limits;
  }

  /** @throws {ApiError} QUEUE_FULL synchronously; the result rejects with any ApiError of the dispatcher */
  moderate(texts: readonly string[], options: ModerateOptions = {}): ModerationJob {
    const first = this.#submitter.submit(texts);
    const jobs = [first];
    let cancelled = false;
    const submit = (parts: readonly string[]): Promise<Scored[]> => {
      // The parts share the request's one deadline.
      const job = this.#submitter.submit(parts, first.until);
      jobs.push(job);
      if (cancelled) job.cancel();
      return job.result;
    };
    return {
      result: this.#finish(texts, options, first.result, submit),
      cancel() {
        cancelled = true;
        for (const job of jobs) job.cancel();
      },
    };
  }

  async #finish(
    texts: readonly string[],
    options: ModerateOptions,
    first: Promise<Scored[]>,
    submit: (parts: readonly string[]) => Promise<Scored[]>,
  ): Promise<Moderation> {
    const scored = await first;
    const timings = { queueMs: 0, tokenizationMs: 0, inferenceMs: 0 };
    const note = (entries: readonly Scored[]): void => {
      for (const entry of entries) {
        timings.queueMs = Math.max(timings.queueMs, entry.queueMs);
        timings.tokenizationMs = Math.max(timings.tokenizationMs, entry.tokenizationMs);
        timings.inferenceMs = Math.max(timings.inferenceMs, entry.inferenceMs);
      }
    };
    note(scored);
    const decisions: DetectResponse[] = [];
    for (const [index, entry] of scored.entries()) {
      const text = texts[index] ?? "";
      if (options.longText === "chunk") {
        decisions.push(await this.#worstPart(text, entry, options, submit, note));
      } else {
        decisions.push(describe(entry, options.threshold));
      }
    }
    return { decisions, timings };
  }

  /** Scores every part of a message and lets the highest score decide. */
  async #worstPart(
    text: string,
    whole: Scored,
    options: ModerateOptions,
    submit: (parts: readonly string[]) => Promise<Scored[]>,
    note: (entries: readonly Scored[]) => void,
  ): Promise<DetectResponse> {
    if (!whole.detection.truncated) {
      const worst = { index: 0, start: 0, end: text.length };
      return { ...describe(whole, options.threshold), chunks: { count: 1, worst } };
    }
    const parts: { range: TextRange; entry: Scored }[] = [];
    const unitsPerToken = text.length / Math.max(1, whole.detection.tokens);
    let open = cutText(text, this.#limits.maxLength() * unitsPerToken * MARGIN);
    // Where a stretch is denser than the message's average its part is truncated after all: cut that one again.
    for (let unitsScale = 0.5; open.length > 0; unitsScale /= 2) {
      if (parts.length + open.length > this.#limits.maxChunks) {
        throw new ApiError(
          "MESSAGE_TOO_LONG",
          `the message has ${whole.detection.tokens} tokens, more than ${this.#limits.maxChunks} parts hold`,
        );
      }
      const ranges = open;
      const entries = await submit(ranges.map(({ start, end }) => text.slice(start, end)));
      note(entries);
      open = [];
      for (const [i, entry] of entries.entries()) {
        const range = ranges[i];
        if (range === undefined) continue;
        const length = range.end - range.start;
        if (!entry.detection.truncated || length <= 16) parts.push({ range, entry });
        else open.push(...recut(text, range, length * unitsScale));
      }
    }
    parts.sort((a, b) => a.range.start - b.range.start);
    const index = parts.reduce((top, part, i) => (scoreOf(part) > scoreOf(parts[top]) ? i : top), 0);
    const worst = parts[index];
    if (worst === undefined) throw new RangeError("a message has at least one part");
    return {
      ...describe(worst.entry, options.threshold),
      tokens: whole.detection.tokens,
      truncated: false,
      chunks: { count: parts.length, worst: { index, start: worst.range.start, end: worst.range.end } },
    };
  }
}

function scoreOf(part: { readonly entry: Scored } | undefined): number {
  return part?.entry.detection.score ?? 0;
}

function recut(text: string, range: TextRange, length: number): TextRange[] {
  const part = text.slice(range.start, range.end);
  return cutText(part, length).map(({ start, end }) => ({
    start: range.start + start,
    end: range.start + end,
  }));
}

/** The answer to one message, decided again where the request brings a threshold of its own. */
function describe({ detection, model }: Scored, threshold: number | undefined): DetectResponse {
  const {
    isCyberbullying,
    confidence,
    label,
    score,
  }: Pick<Detection, "isCyberbullying" | "confidence" | "label" | "score"> =
    threshold === undefined ? detection : decide(detection.score, threshold);
  return {
    isCyberbullying,
    confidence,
    label,
    score,
    threshold: threshold ?? detection.threshold,
    tokens: detection.tokens,
    truncated: detection.truncated,
    model,
  };
}

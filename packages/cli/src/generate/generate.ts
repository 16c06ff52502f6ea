/** What `btp-cli generate` does: finds the model, writes on from the prompt, streams to stdout. */
import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createRandom, generateText } from "@btp/core-gpt";
import { resolveBase } from "@btp/weights-gpt2";
import type { CliContext } from "../context.js";
import { counted } from "../counted.js";
import { exitCodes } from "../exit-codes.js";
import { toPrintableLines } from "../printable.js";
import type { EngineOption } from "../shared-options.js";
import { stopOnSignals } from "../stop-signal.js";
import { createDownloadView } from "../weights/download-view.js";
import { write } from "../write-stream.js";
import { loadTextModel } from "./text-model.js";

export interface GenerateOptions {
  readonly model: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly repetitionPenalty?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly offline?: boolean;
  readonly json?: boolean;
  readonly engine: EngineOption;
  readonly threads?: number;
}

/** @returns exit code */
export async function generate(
  prompt: string,
  options: GenerateOptions,
  context: CliContext,
): Promise<number> {
  const stop = stopOnSignals();
  const view = await createDownloadView(context);
  const { onEvent } = view;
  try {
    const folder = await resolveBase(localOr(options.model, context.cwd), {
      env: context.env,
      onEvent,
      signal: stop.signal,
      ...(options.offline && { offline: true }),
    });
    view.stop();
    const { engine, threads } = options;
    const model = await loadTextModel(folder, { engine, ...(threads !== undefined && { threads }) });
    try {
      const seed = options.seed ?? randomInt(2 ** 31);
      const sampling = {
        maxNewTokens: options.maxTokens,
        temperature: options.temperature,
        ...(options.topK !== undefined && { topK: options.topK }),
        ...(options.topP !== undefined && { topP: options.topP }),
        ...(options.repetitionPenalty !== undefined && { repetitionPenalty: options.repetitionPenalty }),
        ...(options.stop && { stop: options.stop }),
        stopIds: [endOfText],
        random: createRandom(seed),
        signal: stop.signal,
      };
      const parts = generateText(model.tokenizer, model.createReader(), prompt, sampling);
      return await writeText(parts, prompt, seed, options, context);
    } finally {
      await model.dispose();
    }
  } finally {
    view.stop();
    stop.release();
  }
}

/** A path that is there, counted from the working directory; anything else may be the name of a model. */
function localOr(model: string, cwd: string): string {
  const path = resolve(cwd, model);
  return existsSync(path) || existsSync(`${path}.index`) ? path : model;
}

/** GPT-2's <|endoftext|>. */
const endOfText = 50256;

async function writeText(
  parts: ReturnType<typeof generateText>,
  prompt: string,
  seed: number,
  options: GenerateOptions,
  context: CliContext,
): Promise<number> {
  // A file gets the model's text as it is; a terminal must not be steered by it.
  const shown = (text: string) => (context.stdout.isTTY ? toPrintableLines(text) : text);
  let whole = "";
  let tokens = 0;
  let finishReason: string | null = null;
  const start = performance.now();
  if (!options.json) await write(context.stdout, shown(prompt));
  for await (const part of parts) {
    whole += part.text;
    ({ tokens, finishReason } = part);
    if (!options.json) await write(context.stdout, shown(part.text));
  }
  if (options.json) {
    await write(context.stdout, `${JSON.stringify({ prompt, text: whole, tokens, finishReason, seed })}\n`);
  } else {
    await write(context.stdout, "\n");
    const speed = (tokens / (performance.now() - start)) * 1000;
    context.stderr.write(
      `${counted(tokens, "token")}, ${speed.toFixed(1)} a second; ended by ${finishReason}; --seed ${seed}\n`,
    );
  }
  return finishReason === "aborted" ? exitCodes.interrupted : exitCodes.ok;
}

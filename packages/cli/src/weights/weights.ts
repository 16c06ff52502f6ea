/** What `weights download|verify|inspect` do; all of it is @btp/weights-gpt2's. */
import { resolve } from "node:path";
import {
  fetchWeights,
  findModel,
  formatInspection,
  inspectWeights,
  resolveBase,
  type Verification,
  verifyWeights,
} from "@btp/weights-gpt2";
import type { CliContext } from "../context.js";
import { exitCodes } from "../exit-codes.js";
import { toPrintable } from "../printable.js";
import { startProgress } from "../progress.js";
import { stopOnSignals } from "../stop-signal.js";
import { createDownloadView } from "./download-view.js";

export interface DownloadOptions {
  readonly cache?: string;
  readonly endpoint?: string;
  readonly mirror?: string;
  readonly json?: boolean;
}

/** @returns exit code */
export async function downloadWeights(
  name: string,
  options: DownloadOptions,
  context: CliContext,
): Promise<number> {
  const stop = stopOnSignals();
  const view = await createDownloadView(context);
  const { onEvent } = view;
  const { cache, endpoint, mirror } = options;
  try {
    const fetched = await fetchWeights(name, {
      env: context.env,
      onEvent,
      signal: stop.signal,
      ...(cache !== undefined && { cacheFolder: resolve(context.cwd, cache) }),
      ...(endpoint !== undefined && { endpoint }),
      ...(mirror !== undefined && { mirror }),
    });
    view.stop();
    context.stdout.write(options.json ? `${JSON.stringify(fetched)}\n` : `${fetched.folder}\n`);
    if (fetched.fromCache) context.stderr.write(`${fetched.model} was there already.\n`);
    return exitCodes.ok;
  } finally {
    view.stop();
    stop.release();
  }
}

export interface FileOptions {
  readonly json?: boolean;
}

/** @param target - a file, a folder, or the name of a model in the cache */
export async function inspect(target: string, { json }: FileOptions, context: CliContext): Promise<void> {
  const inspection = await inspectWeights(await locate(target, context));
  context.stdout.write(`${json ? JSON.stringify(inspection) : formatInspection(inspection)}\n`);
}

/** @returns exit code: failed where something is wrong */
export async function verify(target: string, { json }: FileOptions, context: CliContext): Promise<number> {
  const path = await locate(target, context);
  const stop = stopOnSignals();
  const progress = await startProgress(1, context);
  try {
    const verification = await verifyWeights(path, {
      signal: stop.signal,
      ...(findModel(target) !== undefined && { model: target }),
      onProgress: ({ done, total }) => progress.update(done / total, `${done} of ${total} tensors`),
    });
    progress.stop();
    context.stdout.write(`${json ? JSON.stringify(verification) : describe(verification)}\n`);
    return verification.ok ? exitCodes.ok : exitCodes.failed;
  } finally {
    progress.stop();
    stop.release();
  }
}

function describe({ ok, path, problems, tensorsRead, sha256, hashed, checkedAgainst }: Verification): string {
  const lines = [
    `${ok ? "sound" : "DAMAGED"}: ${toPrintable(path)}`,
    `${tensorsRead} tensors read; ${hashed} has sha256 ${sha256}`,
    `compared with: ${checkedAgainst}`,
    ...problems.map((problem) => `- ${toPrintable(problem)}`),
  ];
  return lines.join("\n");
}

function locate(target: string, { cwd, env }: CliContext): Promise<string> {
  return findModel(target) === undefined
    ? Promise.resolve(resolve(cwd, target))
    : resolveBase(target, { env, offline: true });
}

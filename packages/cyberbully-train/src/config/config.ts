/** Puts a configuration together from a preset and what the user asked for, and checks it once. */
import type * as z from "zod";
import { readCsvLayout } from "../data/csv-layout.js";
import { TrainError } from "../errors.js";
import { nearestName } from "../nearest-name.js";
import { type KnobName, knobNames, knobSchema, type TrainConfig } from "./knobs.js";
import { type PresetName, presetNames, presets } from "./presets.js";

/** What errors call a knob. */
export type NameOf = (key: KnobName | "preset") => string;

/**
 * @param values - untrusted: from a file or from options. `preset` may be among them; without it a base means "gpt2"
 *   and no base "compact"
 * @param nameOf - default: its key
 * @returns a frozen configuration
 * @throws {TrainError} BAD_CONFIG listing everything that is wrong; unknown keys with the nearest known one
 */
export function createConfig(
  values: Readonly<Record<string, unknown>> = {},
  nameOf: NameOf = (key) => key,
): TrainConfig {
  const { preset: presetValue, ...knobs } = values;
  const preset = presetOf(presetValue, knobs.base, nameOf);
  const given = Object.fromEntries(Object.entries(knobs).filter(([, value]) => value !== undefined));
  const result = knobSchema.safeParse({ ...presets[preset], ...given });
  if (!result.success) throw badConfig(result.error, given, nameOf);
  const config = result.data;
  const contradictions = contradictionsOf(config, nameOf);
  if (contradictions.length > 0) throw new TrainError("BAD_CONFIG", contradictions.join(" "));
  return Object.freeze(config);
}

function presetOf(value: unknown, base: unknown, nameOf: NameOf): PresetName {
  if (value === undefined) return base === undefined || base === "none" ? "compact" : "gpt2";
  const found = presetNames.find((name) => name === value);
  if (found) return found;
  throw new TrainError(
    "BAD_CONFIG",
    `Expected ${nameOf("preset")} to be one of ${presetNames.join(", ")}, got ${JSON.stringify(value)}.`,
  );
}

function contradictionsOf(config: TrainConfig, nameOf: NameOf): string[] {
  const found: string[] = [];
  if (config.base === "none" && config.width % config.numHeads !== 0)
    found.push(
      `Expected ${nameOf("width")} to be a multiple of ${nameOf("numHeads")}, got ${config.width} and ${config.numHeads}.`,
    );
  if (config.base === "none" && config.unfreezeBlocks !== "all")
    found.push(
      `Expected ${nameOf("unfreezeBlocks")} to be 'all' without a base: random weights would stay as they are.`,
    );
  found.push(...adapterContradictions(config, nameOf));
  if (config.languageModelWeight > 0 && config.unfreezeBlocks !== "all")
    found.push(
      `Expected ${nameOf("languageModelWeight")} 0 unless ${nameOf("unfreezeBlocks")} is 'all': token embeddings are frozen.`,
    );
  if (config.trunkPrecision === "int8" && config.unfreezeBlocks === "all" && config.loraRank === 0)
    found.push(
      `Expected ${nameOf("trunkPrecision")} 'fp32' where ${nameOf("unfreezeBlocks")} is 'all': nothing is frozen.`,
    );
  if (config.trunkPrecision === "int8" && config.trunkDropout)
    found.push(
      `Expected ${nameOf("trunkPrecision")} 'fp32' with ${nameOf("trunkDropout")}: dropout is computed in float32.`,
    );
  if (config.store === "delta" && (config.base === "none" || !trainsPart(config)))
    found.push(
      `Expected ${nameOf("store")} 'auto' or 'whole' where everything is trained: no part is the base's any more.`,
    );
  if (config.minLearningRate > config.learningRate)
    found.push(
      `Expected ${nameOf("minLearningRate")} to be at most ${nameOf("learningRate")}, got ${config.minLearningRate} and ${config.learningRate}.`,
    );
  if ((config.train === undefined) !== (config.validation === undefined))
    found.push(
      `Expected ${nameOf("train")} and ${nameOf("validation")} together, got one of them. Name both files, or neither for the bundled sample.`,
    );
  if (
    config.base !== "none" &&
    config.minTokenCount > 0 &&
    (config.unfreezeBlocks !== "all" || config.loraRank > 0)
  )
    found.push(
      `Expected ${nameOf("minTokenCount")} 0 with frozen embeddings: they would only be thinned out.`,
    );
  if (config.accumulate > config.batchSize)
    found.push(
      `Expected at most one micro-batch a message, got ${nameOf("accumulate")} ${config.accumulate} for ${nameOf("batchSize")} ${config.batchSize}.`,
    );
  if (config.averageWeights > 0 && config.averageWeights < 0.5)
    found.push(
      `Expected ${nameOf("averageWeights")} to be 0 or from 0.5 to 0.9999, got ${config.averageWeights}.`,
    );
  found.push(...layoutProblems(config));
  return found;
}

/** Found before any file is read. */
function layoutProblems(config: TrainConfig): string[] {
  try {
    readCsvLayout(config);
    return [];
  } catch (error) {
    if (error instanceof TrainError) return [error.message];
    throw error;
  }
}

function trainsPart({ unfreezeBlocks, loraRank }: TrainConfig): boolean {
  return unfreezeBlocks !== "all" || loraRank > 0;
}

function adapterContradictions(config: TrainConfig, nameOf: NameOf): string[] {
  if (config.loraRank === 0) return [];
  const found: string[] = [];
  if (config.base === "none")
    found.push(
      `Expected ${nameOf("loraRank")} 0 without a base: adapters change weights that have learned something.`,
    );
  if (config.loraBlocks === "all" && config.trunkPrecision === "int8")
    found.push(
      `Expected ${nameOf("trunkPrecision")} 'fp32' where ${nameOf("loraBlocks")} is 'all': no frozen block lies below.`,
    );
  if (config.languageModelWeight > 0)
    found.push(`Expected ${nameOf("languageModelWeight")} 0 with adapters: token embeddings are frozen.`);
  return found;
}

function badConfig(error: z.ZodError, given: Readonly<Record<string, unknown>>, nameOf: NameOf): TrainError {
  const problems = error.issues.slice(0, 20).flatMap((issue) => {
    if (issue.code === "unrecognized_keys") return issue.keys.map(unknownKnob);
    const key = knobNames.find((name) => name === issue.path[0]);
    if (key === undefined) return [`${issue.message}.`];
    const got = issue.message.includes("received") ? "" : `, got ${shown(given[key])}`;
    return [`${nameOf(key)}: ${issue.message}${got}.`];
  });
  return new TrainError("BAD_CONFIG", `The configuration does not fit. ${problems.join(" ")}`);
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 60);

function unknownKnob(key: string): string {
  const nearest = nearestName(key, [...knobNames, "preset"]);
  const hint = nearest === undefined ? "" : ` Did you mean ${nearest}?`;
  return `Unknown key ${JSON.stringify(key.slice(0, 80))}.${hint}`;
}

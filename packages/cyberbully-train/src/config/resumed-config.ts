/** The configuration of a run that goes on: what its checkpoint recorded, and what is given anew as far as that may change. */
import { TrainError } from "../errors.js";
import { readCheckpointRecord } from "../run/checkpoint.js";
import { checkpointFolderOf } from "../run/find-checkpoint.js";
import { mayBeSameBase } from "./base-path.js";
import { createConfig, type NameOf } from "./config.js";
import { freeKnobs, type KnobName, knobNames, type TrainConfig } from "./knobs.js";
import { flagOf, trainOptions } from "./options.js";
import { optionValue } from "./parse-options.js";
import { presetNames, presets } from "./presets.js";

type Values = Readonly<Record<string, unknown>>;

/** Not compared as text: what it was resolved to is compared when the run goes on. */
const comparedLater: readonly string[] = ["engine"];

/**
 * @param given - from options and a configuration file, unchecked; a preset among them stands for all its values
 * @param nameOf - what errors call a knob
 * @throws {TrainError} CHECKPOINT_MISMATCH naming the options that contradict the record; BAD_CHECKPOINT, BAD_CONFIG
 */
export async function resumedConfig(given: Values, nameOf?: NameOf): Promise<TrainConfig> {
  const out = typeof given.out === "string" ? given.out : presets.compact.out;
  const record = await readCheckpointRecord(checkpointFolderOf(out));
  if (record === undefined) return createConfig(given, nameOf); // the run itself says that there is nothing to resume
  const recorded = record.identity.config;
  const claimed = { ...presetValues(given.preset), ...given };
  refuseContradictions(recorded, claimed);
  return createConfig({ ...recordedValues(recorded), ...claimed, out, resume: true }, nameOf);
}

/** Values that a preset fixes; undefined and unknown names stand for none, which createConfig has a word on. */
function presetValues(preset: unknown): Values {
  const name = presetNames.find((known) => known === preset);
  if (name === undefined) return {};
  return Object.fromEntries(Object.entries(presets[name]).filter(([knob]) => isCompared(knob)));
}

const isCompared = (key: string): boolean => {
  const knob = knobNames.find((name) => name === key);
  return knob !== undefined && !freeKnobs.includes(knob) && !comparedLater.includes(knob);
};

function refuseContradictions(recorded: Readonly<Record<string, string>>, claimed: Values): void {
  const differences = Object.entries(claimed).flatMap(([key, value]) => {
    if (value === undefined || !isCompared(key)) return [];
    const before = recorded[key] ?? "(not given)";
    if (key === "base" && mayBeSameBase(before, String(value))) return [];
    return before === String(value) ? [] : [`--${flagOf(key)} was ${before} and is ${String(value)}`];
  });
  if (differences.length === 0) return;
  throw new TrainError(
    "CHECKPOINT_MISMATCH",
    `Expected to go on with the values of the first part, but ${differences.join("; ")}. Leave these out, or give another --out.`,
  );
}

/** From text back to values; knobs that this version does not know are told of when the runs are compared. */
function recordedValues(recorded: Readonly<Record<string, string>>): Partial<Record<KnobName, unknown>> {
  const values: Partial<Record<KnobName, unknown>> = {};
  for (const knob of knobNames) {
    const text = recorded[knob];
    const option = trainOptions.find(({ key }) => key === knob);
    if (text === undefined || option === undefined || knob === "overwrite") continue;
    values[knob] = optionValue(option, text);
  }
  return values;
}

/** The README.md of a distilled detector: from what it learned and how, how well it does and where, what not to use it for. */
import type { GptConfig } from "@btp/core-gpt";
import { counted } from "../counted.js";
import type { Evaluation } from "../metrics/evaluation.js";
import type { GroupFigures } from "../metrics/groups.js";
import type { Mistake } from "../metrics/mistakes.js";
import type { RunIdentity } from "../run/run-position.js";
import type { Calibration } from "./calibration.js";
import type { DistillLoopResult } from "./distill-loop.js";
import { lossNames } from "./distill-step.js";
import type { EncodedSource } from "./mixture.js";
import type { Phase, Recipe } from "./recipe.js";

/** A mistake whose text the recipe allows to be shown. */
export interface ShownMistake extends Mistake {
  readonly text: string;
}

export interface DistilledFacts {
  readonly recipe: Recipe;
  readonly model: GptConfig;
  readonly sources: ReadonlyMap<string, EncodedSource>;
  readonly result: DistillLoopResult;
  readonly identity: RunIdentity;
  readonly calibration: Calibration;
  readonly threshold: number;
  readonly evaluations: Readonly<Record<string, Evaluation>>;
  /** By validation set, where its messages are of several kinds. */
  readonly groups: Readonly<Record<string, readonly GroupFigures[]>>;
  /** By validation set. */
  readonly mistakes: Readonly<Record<string, readonly ShownMistake[]>>;
  readonly tokensPerSecond: number;
  /** Sentences on what the figures cannot tell. */
  readonly warnings: readonly string[];
  readonly trial: boolean;
  readonly now: () => number;
}

const tableOf = ({ bigramBuckets }: GptConfig): string =>
  bigramBuckets === undefined
    ? ""
    : ` and a table of ${bigramBuckets} rows for hashed tokens and pairs of them`;

export function writeDistilledCard(facts: DistilledFacts): string {
  const { recipe, model, result, identity, calibration, threshold, now } = facts;
  const { position } = result;
  const { calibrateOn } = recipe.validation;
  const read = recipe.normalise ? "lower-cased and normalised" : "as they are";
  return `# ${recipe.name}
A GPT of ${counted(model.numLayers, "block")}, ${model.width} wide, ${counted(model.numHeads, "head")}${tableOf(model)}, that classifies short English messages as cyberbullying or not. It was trained from scratch, in phases, partly on what larger models said about the texts. ${recipe.description ?? ""}
${facts.trial ? "\n> **A trial run**: its phases were cut short. Do not judge messages with it.\n" : ""}
## Figures
Temperature ${calibration.temperature.toFixed(3)}, bias ${calibration.bias.toFixed(3)} (${recipe.validation.calibration}${recipe.validation.fitThreshold ? ", threshold" : ""}: fitted on ${calibrateOn}), threshold ${threshold.toFixed(3)}. Of the file as it is stored (${recipe.precision}). In brackets: 95 % bootstrap intervals.${facts.warnings.map((text) => ` **${text}**`).join("")}

| messages | number | accuracy | F1 | macro-F1 | AUC | calibration error |
|---|---|---|---|---|---|---|
${Object.entries(facts.evaluations).map(figuresRow).join("\n")}

What ${calibrateOn} fitted is a little too good on it. \`metrics.json\` has every figure; \`loss-plot.png\` and \`accuracy-plot.png\` show the run.
${Object.entries(facts.groups).map(groupsTable).join("")}${Object.entries(facts.mistakes).map(mistakesTable).join("")}
## Training
| phase | losses and weights | texts (times an epoch) | epochs | learning rate |
|---|---|---|---|---|
${recipe.phases.map(phaseRow).join("\n")}

${recipe.start === undefined ? "" : `It went on from the detector ${recipe.start} (model.safetensors has sha256 ${identity.startWeights}).\n`}${position.step} updates on ${(position.tokens / 1e6).toFixed(1)} million tokens in ${Math.round(position.seconds)} s (${Math.round(facts.tokensPerSecond)} tokens/s) on the ${identity.engine} engine, seed ${recipe.seed}, ${new Date(now()).toISOString().slice(0, 10)}. Texts are read ${read}, up to ${model.contextLength} tokens of ${model.vocabSize} kinds.
${recipe.card.choices === undefined ? "" : `\n## What was tried\n${recipe.card.choices}\n`}${recipe.card.teachers === undefined ? "" : `\n## Teachers\n${recipe.card.teachers}\n`}
## Data
${recipe.card.data === undefined ? "" : `${recipe.card.data}\n\n`}${[...facts.sources.values()].map(sourceLine).join("\n")}

## Making it again
\`\`\`
${recipe.card.command ?? `npx btp-cli distill --recipe recipe.json --out models/${recipe.name}`}
\`\`\`
\`recipe.json\` and \`run.json\` beside this file hold every value, and the digests of all files that were read.

## Limits
- It learned from labels and scores with their mistakes and their view of what bullying is.
- It sees one message alone: no thread, no relation between people, no images. Irony, reclaimed words, quoted abuse and counter-speech are where it errs.
${recipe.card.limits === undefined ? "" : `${recipe.card.limits}\n`}- It is made for English. A score is evidence for a person who decides, not a reason to punish anybody by machine.
`;
}

function figuresRow([name, { messages, metrics }]: [string, Evaluation]): string {
  const { accuracy, f1, macroF1, rocAuc, ece } = metrics;
  const cell = (metric: typeof accuracy, scale = 1, digits = 3): string => {
    if (metric.value === null) return "-";
    const interval = metric.interval;
    const shown = (value: number): string => (value * scale).toFixed(digits);
    const range = interval === null ? "" : ` (${shown(interval.low)} to ${shown(interval.high)})`;
    return `${shown(metric.value)}${range}`;
  };
  return `| ${name} | ${messages} | ${cell(accuracy)} | ${cell(f1)} | ${cell(macroF1)} | ${cell(rocAuc)} | ${cell(ece)} |`;
}

/** The weakest kind first: where it errs, and on whom. */
function groupsTable([set, groups]: [string, readonly GroupFigures[]]): string {
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  const rows = [...groups]
    .sort((a, b) => a.accuracy - b.accuracy)
    .map(({ group, messages, positive, flagged, accuracy, accuracyWilson: { low, high } }) => {
      const name = inCell(group);
      return `| ${name} | ${messages} | ${percent(positive / messages)} | ${percent(flagged)} | ${accuracy.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}) |`;
    });
  return `
### By kind of message: ${set}
Of harmless kinds, the share called cyberbullying is the share of false alarms. In brackets: 95 % Wilson intervals; kinds are small.

| kind | number | are cyberbullying | called so | accuracy |
|---|---|---|---|---|
${rows.join("\n")}
`;
}

function mistakesTable([set, mistakes]: [string, readonly ShownMistake[]]): string {
  if (mistakes.length === 0) return "";
  const rows = mistakes.map(({ text, label, score }) => {
    const short = text.length > 120 ? `${text.slice(0, 120)}...` : text;
    return `| ${inCell(short)} | ${label === 1 ? "cyberbullying" : "harmless"} | ${score.toFixed(2)} |`;
  });
  return `
### Known failures: ${set}
Its most certain mistakes, the worst of each kind first.

| message | is | score |
|---|---|---|
${rows.join("\n")}
`;
}

/** Text for a cell of a Markdown table. */
const inCell = (text: string): string => text.replace(/[|\r\n]/g, " ");

function phaseRow({ name, losses, mixture, epochs, learningRate }: Phase): string {
  const weighed = lossNames.filter((loss) => losses[loss] > 0).map((loss) => `${loss} ${losses[loss]}`);
  const texts = mixture.map(({ source, repeat }) => (repeat === 1 ? source : `${source} (${repeat})`));
  return `| ${name} | ${weighed.join(", ")} | ${texts.join(", ")} | ${epochs} | ${learningRate} |`;
}

function sourceLine({ source }: EncodedSource): string {
  return `- ${source.name}: ${counted(source.texts.length, "text")}, ${source.labels === undefined ? "unlabelled" : "labelled"}`;
}

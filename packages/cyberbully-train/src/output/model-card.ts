/** The README.md of a detector directory: what it is, how it was made, how well it does, and what not to use it for. */
import type { TrainConfig } from "../config/knobs.js";
import { counted } from "../counted.js";
import type { EvaluationRecord } from "../run/run-position.js";

export interface ModelCardFacts {
  readonly name: string;
  readonly config: TrainConfig;
  readonly parameters: number;
  readonly base: { readonly name: string; readonly sha256: string } | undefined;
  readonly trainMessages: number;
  readonly validationMessages: number;
  /** Whether both sets are the bundled synthetic sample. */
  readonly synthetic: boolean;
  /** Sentences on balance, rows left out, repeats and twins between the sets. */
  readonly dataNotes: readonly string[];
  readonly best: EvaluationRecord;
  readonly threshold: number;
  readonly temperature: number;
  /** Sentences on what the figures cannot tell. */
  readonly warnings: readonly string[];
  readonly steps: number;
  readonly seconds: number;
  readonly engine: string;
  /** ISO date. */
  readonly date: string;
}

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

export function writeModelCard(facts: ModelCardFacts): string {
  const { name, config, best, base } = facts;
  const origin = base
    ? `fine-tuned from ${base.name} (sha256 ${base.sha256.slice(0, 16)}..., ${describeUnfrozen(config)})`
    : `trained from scratch (${counted(config.numLayers, "block")}, ${config.width} wide, ${counted(config.numHeads, "head")})`;
  const warning = facts.synthetic
    ? "\n> **Trained on the bundled synthetic sample.** It shows that the software works. Do not judge real messages with it.\n"
    : "";
  return `# ${name}
A GPT that classifies short English messages as cyberbullying or not, ${origin}.
${warning}
## Figures
On ${counted(facts.validationMessages, "validation message")}, which also chose the checkpoint${config.calibrate ? ", fitted the temperature" : ""}${config.fitThreshold ? " and the threshold" : ""}: expect a little less on new ones.

| accuracy | F1 | AUC | cross-entropy | threshold | temperature |
|---|---|---|---|---|---|
| ${percent(best.accuracy)} | ${best.f1.toFixed(3)} | ${best.auc.toFixed(3)} | ${best.loss.toFixed(3)} | ${facts.threshold.toFixed(3)} | ${facts.temperature.toFixed(3)} |

Accuracy and F1 in this table are at one half, before the temperature.${facts.warnings.map((text) => ` **${text}**`).join("")} \`metrics.json\` has every figure; \`loss-plot.png\` and \`accuracy-plot.png\` show the run.

## Training
${counted(facts.trainMessages, "message")}, ${counted(facts.steps, "update")} of ${config.batchSize}, kept: update ${best.step} (epoch ${best.epoch.toFixed(1)}). AdamW, learning rate ${config.learningRate} to ${config.minLearningRate}, weight decay ${config.weightDecay}, dropout ${config.dropout}, seed ${config.seed}.
${Math.round(facts.seconds)} s on the ${facts.engine} engine, ${facts.date.slice(0, 10)}. \`run.json\` holds the configuration, the data's digests and the versions; the same values give the same weights.
${facts.parameters.toLocaleString("en")} parameters. Messages are read up to ${counted(config.maxLength, "token")}.

## Data
${facts.dataNotes.map((note) => `- ${note}`).join("\n")}

## Use
\`\`\`
npx btp-cli predict --model ${config.out} "You are so stupid!"
\`\`\`

## Limits
- It learned from the labels of its training data, with their mistakes and their view of what bullying is.
- It sees one message alone: no thread, no relation between people, no images. Irony, reclaimed words, quoted abuse and counter-speech are where it errs.
- It is made for English. A score is evidence for a person who decides, not a reason to punish anybody by machine.
`;
}

function describeUnfrozen({ unfreezeBlocks, loraRank, loraBlocks, loraMatrices }: TrainConfig): string {
  if (loraRank > 0) {
    const where = loraBlocks === "all" ? "all blocks" : lastBlocks(loraBlocks);
    const which = loraMatrices === "all" ? "every matrix" : `the ${loraMatrices} matrices`;
    return `LoRA adapters of rank ${loraRank} on ${which} of ${where}, merged; final LayerNorm and head trained`;
  }
  if (unfreezeBlocks === "all") return "all parameters trained";
  if (unfreezeBlocks === 0) return "head only";
  return `${lastBlocks(unfreezeBlocks)}, final LayerNorm and head trained`;
}

const lastBlocks = (count: number): string => (count === 1 ? "the last block" : `the last ${count} blocks`);

// `npm run quickstart`: the main job on a fresh machine. Installs, trains a compact GPT on the bundled synthetic messages,
// evaluates it on the test split, and classifies two messages. Everything it writes is under models/quickstart.
import { ensureInstalled, runTool } from "./install.mjs";

ensureInstalled();
runTool("tsc", ["-b"]);

const model = "models/quickstart";
const data = "datasets/synthetic";

step("Train a compact GPT on synthetic messages");
runTool("btp-cli", [
  "train",
  "--train",
  `${data}/train.csv`,
  "--validation",
  `${data}/validation.csv`,
  "--out",
  model,
  "--epochs",
  "6",
  "--overwrite",
]);

step("Evaluate it on messages that it has not seen");
runTool("btp-cli", ["evaluate", `${data}/test.csv`, "--model", model]);

step("Classify two messages");
runTool("btp-cli", [
  "predict",
  "--model",
  model,
  "You are so stupid, nobody wants you here",
  "Thanks for your help today!",
]);

console.log(
  `\nThe detector, its metrics and plots are in ${model}. It has seen synthetic messages only: train on real ones before you rely on it.`,
);

function step(title) {
  console.log(`\n== ${title}`);
}

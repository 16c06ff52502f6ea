/** For tests: a detector far too small to know anything, with seeded random weights. Not exported by the package. */
import { initialiseClassifier } from "@btp/core-gpt";
import type { GptConfig } from "@btp/core-gpt/parameters";
import type { DetectorArtifact } from "../artifact/read.js";

export const tinyArchitecture: GptConfig = {
  vocabSize: 50257,
  contextLength: 16,
  width: 8,
  numLayers: 2,
  numHeads: 2,
  layerNormEpsilon: 1e-5,
};

export function tinyArtifact(changes: Partial<DetectorArtifact> = {}): DetectorArtifact {
  const architecture = changes.architecture ?? tinyArchitecture;
  return {
    architecture,
    params: initialiseClassifier(architecture, { seed: 7 }),
    threshold: 0.5,
    temperature: 1,
    maxLength: architecture.contextLength,
    ...changes,
  };
}

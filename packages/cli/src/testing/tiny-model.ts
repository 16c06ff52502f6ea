/** For tests: a detector directory with seeded random weights, loud enough that messages differ. */
import { createTokenizer, initialiseClassifier, singleByteIds } from "@btp/core-gpt";
import { writeArtifact } from "@btp/detector";

/** Reads bytes, 24 of them: small, quick, and easy to truncate. */
export async function writeTinyModel(dir: string): Promise<void> {
  const architecture = {
    vocabSize: 256,
    contextLength: 24,
    width: 16,
    numLayers: 1,
    numHeads: 2,
    layerNormEpsilon: 1e-5,
  };
  const params = initialiseClassifier(architecture, { seed: 5 });
  const { data } = params.head.weight;
  for (const i of data.keys()) data[i] = data[i]! * 20;
  const keptTokenIds = Int32Array.from(singleByteIds(await createTokenizer()));
  await writeArtifact(dir, {
    architecture,
    params,
    keptTokenIds,
    threshold: 0.5,
    temperature: 1,
    maxLength: 24,
  });
}

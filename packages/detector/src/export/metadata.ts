/**
 * What an exported model says of itself: string pairs (ONNX metadata_props) with all that is needed to run it on a text.
 * docs/export.md describes them for people; their names are a contract.
 */
import { textNormalisation } from "@btp/core-gpt/tokenizer";
import { detectorLabels } from "../artifact/config.js";
import type { StoredArtifact } from "../artifact/read.js";
import type { Precision } from "../detection.js";
import { metadataVersion } from "./metadata-version.js";

/** @param precision - of the exported model, which may differ from that of the directory */
export function describeModel(
  artifact: StoredArtifact,
  name: string,
  precision: Precision,
): Record<string, string> {
  return {
    "btp.format": metadataVersion,
    "btp.name": name,
    "btp.labels": JSON.stringify(detectorLabels),
    "btp.tokenizer": "gpt2",
    "btp.vocab_size": String(artifact.architecture.vocabSize),
    // Position in the list = the model's id, value = GPT-2's id; absent where the ids are GPT-2's own.
    ...(artifact.keptTokenIds && { "btp.kept_token_ids": JSON.stringify([...artifact.keptTokenIds]) }),
    ...(artifact.normalise && { "btp.normalisation": textNormalisation }),
    "btp.threshold": String(artifact.threshold),
    "btp.temperature": String(artifact.temperature),
    "btp.max_length": String(artifact.maxLength),
    "btp.source_sha256": artifact.sha256,
    "btp.precision": precision,
  };
}

/**
 * Writes a detector directory: the one place that knows how config.json and model.safetensors are laid out. Models,
 * metrics, cards and plots come from whoever trained; they are put beside them as they are.
 */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  classifierParameterTable,
  flattenParams,
  type HostTensor,
  type ParameterEntry,
  textNormalisation,
} from "@btp/core-gpt";
import { writeSafetensors } from "@btp/weights-gpt2";
import { DetectorError } from "../errors.js";
import {
  type BaseReference,
  configSchema,
  type DetectorConfig,
  describeIssues,
  detectorLabels,
  formatName,
  formatVersion,
  type StoredPrecision,
} from "./config.js";
import { inheritedDigest } from "./delta.js";
import { hashFile, type NewFile, writeTogether } from "./files.js";
import type { DetectorArtifact } from "./read.js";
import { encodeWeights } from "./weights.js";

export interface WriteArtifactOptions {
  /** How matrices are stored; default "float32", which changes no score. */
  readonly precision?: StoredPrecision;
  /** Store only what was trained, and name the base that the rest is of. */
  readonly base?: {
    /** For people and for finding it again: "gpt2", or a directory's name. */
    readonly name: string;
    /** Paths of the parameter table ("gpt.blocks.11.mlp.expand.weight"); the head's are always stored. */
    readonly isTrained: (path: string) => boolean;
  };
  /** Other files of the directory by name: metrics.json, README.md, run.json, loss-plot.png ... */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

const plainFileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$/;

/**
 * Writes or replaces the detector in `dir`, atomically (see writeTogether); other files that are there stay.
 * @param artifact - params float32, shapes as its architecture says
 * @returns sha256 of model.safetensors, hex
 * @throws {DetectorError} CONFIG_INVALID, WEIGHTS_INVALID, INPUT_INVALID; errors of the file system as they are
 */
export async function writeArtifact(
  dir: string,
  artifact: DetectorArtifact,
  options: WriteArtifactOptions = {},
): Promise<string> {
  const precision = options.precision ?? "float32";
  const tensors = pairWithTable(artifact);
  const isStored = (path: string) => options.base?.isTrained(path) !== false || path.startsWith("head.");
  const base =
    options.base &&
    describeBase(
      options.base.name,
      tensors.filter(({ entry }) => !isStored(entry.path)),
    );
  let sha256 = "";
  const others = Object.entries(options.files ?? {}).map(([name, contents]) => otherFile(name, contents));
  await writeTogether(resolve(dir), [
    ...others,
    {
      name: "model.safetensors",
      write: async (path) => {
        const stored = tensors.filter(({ entry }) => isStored(entry.path));
        await writeSafetensors(path, encodeWeights(stored, precision, artifact.keptTokenIds));
        sha256 = await hashFile(path);
      },
    },
    {
      // Last: until it is in place the directory holds the old detector, or none.
      name: "config.json",
      write: (path) =>
        writeFile(path, `${JSON.stringify(describe(artifact, precision, sha256, base), null, 2)}\n`),
    },
  ]);
  return sha256;
}

interface PlacedTensor {
  readonly entry: ParameterEntry;
  readonly tensor: HostTensor;
}

function pairWithTable(artifact: DetectorArtifact): PlacedTensor[] {
  const given = new Map(flattenParams(artifact.params).map(({ path, value }) => [path, value]));
  return classifierParameterTable(artifact.architecture).map((entry) => {
    const tensor = given.get(entry.path);
    if (tensor?.dtype !== "float32" || tensor.shape.join() !== entry.shape.join()) {
      const got = tensor ? `${tensor.dtype} [${tensor.shape.join(", ")}]` : "nothing";
      throw new DetectorError(
        "WEIGHTS_INVALID",
        `Expected ${entry.path} to be float32 [${entry.shape.join(", ")}], got ${got}.`,
      );
    }
    return { entry, tensor };
  });
}

function describeBase(name: string, inherited: readonly PlacedTensor[]): BaseReference {
  const named = inherited.map(({ entry, tensor }) => ({ path: entry.path, tensor }));
  return { name, sha256: inheritedDigest(named) };
}

function describe(
  artifact: DetectorArtifact,
  precision: StoredPrecision,
  sha256: string,
  base: BaseReference | undefined,
): DetectorConfig {
  const config = configSchema.safeParse({
    format: formatName,
    formatVersion,
    architecture: artifact.architecture,
    labels: detectorLabels,
    pooling: "mean",
    tokenizer: {
      name: "gpt2",
      restricted: artifact.keptTokenIds !== undefined,
      ...(artifact.normalise === true && { normalisation: textNormalisation }),
    },
    threshold: artifact.threshold,
    temperature: artifact.temperature,
    maxLength: artifact.maxLength,
    weights: { sha256, precision, ...(base && { base }) },
  });
  if (config.success) return config.data;
  throw new DetectorError(
    "CONFIG_INVALID",
    `This detector cannot be written: ${describeIssues(config.error)}.`,
  );
}

function otherFile(name: string, contents: string | Uint8Array): NewFile {
  if (!plainFileName.test(name) || name === "config.json" || name === "model.safetensors") {
    throw new DetectorError(
      "INPUT_INVALID",
      `Expected the plain name of a file beside config.json and model.safetensors, got ${JSON.stringify(name)}.`,
    );
  }
  return { name, write: (path) => writeFile(path, contents) };
}

/**
 * A detector directory as one ONNX file that runs without this project: token ids and a mask in, logits and the calibrated
 * score out, everything else in its metadata. Shape letters: B messages, T tokens of the longest.
 */
import { basename, dirname, join, resolve } from "node:path";
import { type ClassifierParams, classifierLogits, flattenParams, type GptConfig } from "@btp/core-gpt";
import { exportOnnx, type Int8Report, tensorSpec } from "@btp/tfjs-jit";
import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { BaseResolver } from "../artifact/delta.js";
import { type NewFile, writeTogether } from "../artifact/files.js";
import { readArtifact, type StoredArtifact } from "../artifact/read.js";
import { findBaseOffline } from "../base.js";
import { calibrationMessages, scoreError, scoreLimit } from "../calibration.js";
import type { Precision } from "../detection.js";
import { DetectorError } from "../errors.js";
import { padRows } from "../network.js";
import { checkTexts, tokenizeMessages } from "../tokenize.js";
import { tokenizerOf } from "../tokenizer.js";
import { describeModel } from "./metadata.js";
import { writePieces } from "./write-pieces.js";

export interface ExportOptions {
  /** Default "fp32": the detector's scores to 1e-5, ONNX's own operators only. */
  readonly precision?: Precision;
  /**
   * Typical messages, some dozens: by them int8 measures its error and keeps in float32 what would lose too much. Default:
   * a few of our own.
   */
  readonly calibration?: readonly string[];
  /** As for loadDetector. */
  readonly resolveBase?: BaseResolver;
}

export interface ExportedModel {
  /** The files that were written; the second holds the weights of a model too large for one file. */
  readonly files: readonly string[];
  readonly bytes: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** What int8 did to each matrix. */
  readonly int8?: Int8Report;
}

/** Protocol Buffers end at 2 GB; above this, weights go into a file of their own. */
const maxBytesInside = 1_800_000_000;

/**
 * @param dir - a detector directory
 * @param file - the ONNX file to write or replace; with more than 1.8 GB of weights, `file`.data beside it
 * @throws {DetectorError} what loadDetector throws; INPUT_INVALID for options that make no sense
 */
export async function exportDetector(
  dir: string,
  file: string,
  options: ExportOptions = {},
): Promise<ExportedModel> {
  const precision = options.precision ?? "fp32";
  if (precision === "fp32" && options.calibration)
    throw new DetectorError(
      "INPUT_INVALID",
      "Expected calibration messages with int8 only, got them with fp32.",
    );
  const artifact = await readArtifact(dir, { resolveBase: options.resolveBase ?? findBaseOffline });
  const { architecture, params, temperature } = artifact;
  const weightBytes = 4 * flattenParams(params).reduce((sum, { value }) => sum + value.data.length, 0);
  const path = resolve(file);
  const weightsFile = weightBytes > maxBytesInside ? `${basename(path)}.data` : undefined;
  const name = basename(resolve(dir));
  const metadata = describeModel(artifact, name, precision);
  let int8: Int8Report | undefined;
  const encoded = await exportOnnx(
    exportedFunction(architecture, temperature),
    params,
    [tensorSpec("int32", ["batch", "sequence"]), tensorSpec("float32", ["batch", "sequence"])],
    {
      inputNames: ["ids", "mask"],
      outputNames: ["logits", "score"],
      description: `Detector ${name}: ids int32 and mask float32 [batch, sequence] (1 = token of the message) -> score [batch], the probability of cyberbullying.`,
      metadata,
      ...(weightsFile !== undefined && { weightsFile }),
      ...(precision === "int8" && {
        precision: {
          kind: "int8",
          portable: true,
          tables: true,
          outputError: (exact, approximate) => scoreError(exact, approximate, temperature),
          outputLimit: scoreLimit,
          calibration: await calibrationRuns(artifact, options.calibration ?? calibrationMessages),
          onReport: (report) => {
            int8 = report;
            // Told before the file is written.
            metadata["btp.precision"] = report.precision === "int8" ? "int8" : "fp32";
          },
        },
      }),
    },
  );
  const written: NewFile[] = [{ name: basename(path), write: (to) => writePieces(to, encoded.model) }];
  // Weights first: the model is whole when its own file is in place.
  if (weightsFile !== undefined)
    written.unshift({ name: weightsFile, write: (to) => writePieces(to, encoded.weights) });
  await writeTogether(dirname(path), written);
  const pieces = [...encoded.model, ...encoded.weights];
  return {
    files: written.map((one) => join(dirname(path), one.name)),
    bytes: pieces.reduce((sum, piece) => sum + piece.length, 0),
    metadata,
    ...(int8 && { int8 }),
  };
}

/** Positions are counted in the graph, and the temperature is in the score: nothing is left to the caller but the ids. */
function exportedFunction(architecture: GptConfig, temperature: number) {
  return function detector(
    params: ClassifierParams<Tensor>,
    ids: Tensor,
    mask: Tensor,
  ): { logits: Tensor; score: Tensor } {
    const [batch = 0, sequence = 0] = ids.shape;
    const positions = tf.range(0, sequence, 1, "int32"); // [T]
    const logits = classifierLogits(params, architecture, ids, positions, mask); // [B, 2]
    const no = tf.reshape(tf.slice(logits, [0, 0], [batch, 1]), [batch]); // [B]
    const yes = tf.reshape(tf.slice(logits, [0, 1], [batch, 1]), [batch]); // [B]
    const score = tf.sigmoid(tf.mul(tf.sub(yes, no), 1 / temperature)); // [B]
    return { logits, score };
  };
}

/** One message a run: padding would be measured with the messages. */
async function calibrationRuns(artifact: StoredArtifact, texts: readonly string[]) {
  checkTexts(texts);
  const encodings = await tokenizeMessages(
    await tokenizerOf({ ...artifact, vocabSize: artifact.architecture.vocabSize }),
    texts,
    artifact.maxLength,
  );
  return encodings
    .filter(({ ids }) => ids.length > 0)
    .map(({ ids }) => {
      const { ids: padded, mask } = padRows([ids]);
      return [padded, mask];
    });
}

/**
 * A detector fine-tuned from a base holds only what was trained; the rest is the base's, named by a digest of exactly
 * those tensors. So the base may come in any format or precision-preserving copy, and a wrong one is always refused.
 */
import { createHash } from "node:crypto";
import { flattenParams, type GptParams, type HostTensor } from "@btp/core-gpt/parameters";
import { DetectorError } from "../errors.js";
import type { BaseReference } from "./config.js";

/** Finds a base's parameters, for example in the weights cache. They are not changed. */
export type BaseResolver = (base: BaseReference) => Promise<GptParams<HostTensor>>;

interface NamedTensor {
  readonly path: string;
  readonly tensor: HostTensor;
}

/** sha256 over path, shape and float32 little-endian bytes of each tensor, in the order of the parameter table; hex. */
export function inheritedDigest(tensors: Iterable<NamedTensor>): string {
  const hash = createHash("sha256");
  for (const { path, tensor } of tensors) {
    hash.update(`${path}\0${tensor.shape.join(",")}\0`);
    hash.update(new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
  }
  return hash.digest("hex");
}

/**
 * The tensors of a base that a delta inherits, cut to the delta's shapes: embeddings of the kept tokens, the first
 * positions.
 * @param wanted - paths ("gpt.blocks.0...") and shapes, in the order of the parameter table
 * @param keptTokenIds - the base's ids whose embeddings make up the delta's vocabulary, or undefined for all of them
 * @throws {DetectorError} BASE_MISMATCH
 */
export function inheritTensors(
  reference: BaseReference,
  base: GptParams<HostTensor>,
  wanted: readonly { readonly path: string; readonly shape: readonly number[] }[],
  keptTokenIds: Int32Array | undefined,
): Map<string, HostTensor> {
  const available = new Map(flattenParams(base).map(({ path, value }) => [`gpt.${path}`, value]));
  const inherited = new Map<string, HostTensor>();
  for (const { path, shape } of wanted) {
    const whole = available.get(path);
    const tensor = whole && cut(path, whole, shape, keptTokenIds);
    if (!tensor) throw mismatch(reference, `its ${path} is ${describe(whole)}, not [${shape.join(", ")}]`);
    inherited.set(path, tensor);
  }
  const digest = inheritedDigest([...inherited].map(([path, tensor]) => ({ path, tensor })));
  if (digest !== reference.sha256) {
    throw mismatch(reference, `its tensors have sha256 ${digest}, not ${reference.sha256}`);
  }
  return inherited;
}

function cut(
  path: string,
  whole: HostTensor,
  shape: readonly number[],
  keptTokenIds: Int32Array | undefined,
): HostTensor | undefined {
  const width = shape[1];
  const rows = whole.shape[0];
  if (path === "gpt.tokenEmbedding" && keptTokenIds && width === whole.shape[1] && rows !== undefined) {
    if (keptTokenIds.length !== shape[0] || keptTokenIds.some((id) => id < 0 || id >= rows)) return undefined;
    return gatherRows(whole, keptTokenIds, width!);
  }
  if (path === "gpt.positionEmbedding" && width === whole.shape[1] && rows! >= shape[0]!) {
    return { dtype: whole.dtype, shape, data: whole.data.subarray(0, shape[0]! * width!) };
  }
  return whole.shape.join() === shape.join() ? whole : undefined;
}

function gatherRows(whole: HostTensor, ids: Int32Array, width: number): HostTensor {
  const data = new Float32Array(ids.length * width);
  ids.forEach((id, row) => {
    data.set(whole.data.subarray(id * width, (id + 1) * width), row * width);
  });
  return { dtype: "float32", shape: [ids.length, width], data };
}

function describe(tensor: HostTensor | undefined): string {
  return tensor ? `[${tensor.shape.join(", ")}]` : "missing";
}

function mismatch(reference: BaseReference, what: string): DetectorError {
  return new DetectorError(
    "BASE_MISMATCH",
    `Expected the base ${JSON.stringify(reference.name)} that this detector was trained on, but ${what}. Give the same weights that training used.`,
  );
}

/**
 * Decides, from names, shapes and types alone, which stored tensor becomes which parameter and what is done to it on the
 * way; or says everything that does not fit, in one error. Reads no data.
 *
 * Shape letters: V vocabulary, C context, D width.
 */
import { type GptConfig, parameterTable } from "@btp/core-gpt";
import { quoteName, WeightsError } from "../errors.js";
import type { TensorFile, TensorInfo } from "../tensor.js";
import { HUGGING_FACE_PREFIX, isUnusedBuffer, LANGUAGE_MODEL_HEAD, parameterNames } from "./name-map.js";

export interface PlannedTensor {
  /** The name in the file; undefined: the file has none, and zeros take its place. */
  readonly name: string | undefined;
  /** The parameter's shape, which the data is read into. */
  readonly shape: readonly number[];
  /** Stored [out, in]: to be transposed. */
  readonly transposed: boolean;
  /** Rows to keep where the file has more of them (position embeddings of a longer context). */
  readonly rows: number | undefined;
}

export interface LoadPlan {
  /** With the context that the parameters will have. */
  readonly config: GptConfig;
  readonly parameters: ReadonlyMap<string, PlannedTensor>;
  /** The name of a stored lm_head.weight, which may or may not equal the token embedding. */
  readonly languageModelHead: string | undefined;
  /** Buffers, and with `allowExtra` other tensors, that are left unread. */
  readonly ignored: readonly string[];
}

export interface PlanOptions {
  /** Positions wanted; default: what the configuration says. */
  readonly contextLength?: number;
  /**
   * Where the file's position embeddings are more or fewer than wanted: "refuse" (the default), or "cut" to the smaller of
   * the two: positions beyond it are dropped, or the model's context becomes what the file has.
   */
  readonly context?: "refuse" | "cut";
  /** Leave unknown tensors unread instead of refusing the file. Default false. */
  readonly allowExtra?: boolean;
  /** "zeros" reads models that were trained without some or all biases. Default "refuse": a file that lost them looks the same. */
  readonly missingBiases?: "refuse" | "zeros";
}

const FLOATS: ReadonlySet<string> = new Set(["F64", "F32", "F16", "BF16"]);

/** @throws {WeightsError} WEIGHTS_MISMATCH with every missing, extra and unfitting tensor */
export function planLoad(file: TensorFile, described: GptConfig, options: PlanOptions = {}): LoadPlan {
  const problems: string[] = [];
  const stored = storedNames(file);
  const names = parameterNames(described);
  const nameOf = (path: string): string | undefined => {
    const row = names.get(path)!;
    return stored.byShortName.get(file.format === "safetensors" ? row.huggingFace : row.openai);
  };
  const config = { ...described, contextLength: contextOf(file, nameOf, described, options, problems) };
  const linearLayout = hasLinearLayout(file, nameOf, config);
  const parameters = new Map<string, PlannedTensor>();
  const used = new Set<string>();
  for (const { path, shape } of parameterTable(config)) {
    const row = names.get(path)!;
    const name = nameOf(path);
    if (name === undefined && options.missingBiases === "zeros" && path.endsWith(".bias")) {
      parameters.set(path, { name, shape, transposed: false, rows: undefined });
      continue;
    }
    if (name === undefined) {
      const expected = file.format === "safetensors" ? row.huggingFace : row.openai;
      problems.push(`missing: ${expected} [${shape.join(", ")}] for ${path}`);
      continue;
    }
    used.add(name);
    const info = file.tensors.get(name)!;
    const transposed = linearLayout && row.isLinear;
    const problem = misfit(info, transposed ? shape.toReversed() : shape, path);
    if (problem !== undefined) problems.push(`${quoteName(name)}: ${problem}`);
    const rows = path === "positionEmbedding" && info.shape[0] !== shape[0] ? shape[0] : undefined;
    parameters.set(path, { name, shape, transposed, rows });
  }
  const head = stored.byShortName.get(LANGUAGE_MODEL_HEAD);
  if (head !== undefined) {
    used.add(head);
    const problem = misfit(file.tensors.get(head)!, [config.vocabSize, config.width], LANGUAGE_MODEL_HEAD);
    if (problem !== undefined) problems.push(`${quoteName(head)}: ${problem}`);
  }
  const ignored: string[] = [];
  for (const [shortName, name] of stored.byShortName) {
    if (used.has(name)) continue;
    if (options.allowExtra === true || isUnusedBuffer(shortName)) ignored.push(name);
    else problems.push(`extra: ${quoteName(name)} [${file.tensors.get(name)!.shape.join(", ")}]`);
  }
  problems.push(...stored.problems);
  if (problems.length > 0) {
    throw new WeightsError("WEIGHTS_MISMATCH", "The weights do not fit the configuration:", { problems });
  }
  return { config, parameters, languageModelHead: head, ignored };
}

/** Names without the prefix that GPT2LMHeadModel puts before the names of GPT2Model. */
function storedNames(file: TensorFile): { byShortName: ReadonlyMap<string, string>; problems: string[] } {
  const byShortName = new Map<string, string>();
  const problems: string[] = [];
  for (const name of file.tensors.keys()) {
    const prefixed = file.format === "safetensors" && name.startsWith(HUGGING_FACE_PREFIX);
    const shortName = prefixed ? name.slice(HUGGING_FACE_PREFIX.length) : name;
    if (byShortName.has(shortName))
      problems.push(`${quoteName(shortName)} occurs with and without its prefix`);
    else byShortName.set(shortName, name);
  }
  return { byShortName, problems };
}

function contextOf(
  file: TensorFile,
  nameOf: (path: string) => string | undefined,
  described: GptConfig,
  options: PlanOptions,
  problems: string[],
): number {
  const wanted = options.contextLength ?? described.contextLength;
  if (!Number.isSafeInteger(wanted) || wanted < 1) {
    throw new WeightsError("BAD_OPTION", `contextLength must be a whole number from 1, got ${wanted}.`);
  }
  const name = nameOf("positionEmbedding");
  const available = name === undefined ? undefined : withoutLeadingOne(file.tensors.get(name)!.shape, 2)[0];
  if (available === undefined || available === wanted) return wanted;
  if (options.context === "cut") return Math.max(1, Math.min(wanted, available));
  problems.push(
    `${quoteName(name!)}: holds ${available} positions, ${wanted} are wanted; context: "cut" takes the smaller of the two`,
  );
  // Checks the rest of the shape against what is there, so that this is reported once.
  return Math.max(1, available);
}

/** Decided once for the whole file: attn.c_proj is square, so its own shape cannot tell. */
function hasLinearLayout(
  file: TensorFile,
  nameOf: (path: string) => string | undefined,
  { width }: GptConfig,
): boolean {
  const name = nameOf("blocks.0.attention.qkv.weight");
  if (file.format !== "safetensors" || name === undefined) return false;
  const { shape } = file.tensors.get(name)!;
  return shape.length === 2 && shape[0] === 3 * width && shape[1] === width;
}

/** OpenAI's conv1d kernels are [1, in, out]. */
function withoutLeadingOne(shape: readonly number[], rank: number): readonly number[] {
  return shape.length === rank + 1 && shape[0] === 1 ? shape.slice(1) : shape;
}

function misfit(info: TensorInfo, expected: readonly number[], path: string): string | undefined {
  if (!FLOATS.has(info.dtype))
    return `is ${quoteName(info.dtype)}; expected F64, F32, F16 or BF16 for ${path}`;
  const shape = withoutLeadingOne(info.shape, expected.length);
  // The number of positions was settled before.
  const from = path === "positionEmbedding" ? 1 : 0;
  const fits = shape.length === expected.length && expected.every((size, i) => i < from || shape[i] === size);
  return fits ? undefined : `is [${info.shape.join(", ")}]; expected [${expected.join(", ")}] for ${path}`;
}

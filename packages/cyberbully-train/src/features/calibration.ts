/**
 * What an int8 trunk is measured on, and how. Shape letters: B messages, T tokens, D width.
 */
import type { HostTensor, Int8Report } from "@btp/tfjs-jit";
import { counted } from "../counted.js";
import { type BatchInput, layOutTokens } from "../messages/batch.js";
import { type EncodedMessages, messageLengths } from "../messages/encoded-messages.js";

const maxMessages = 8;
/** Longer ones tell little more and cost much. */
const maxTokens = 64;

/**
 * Messages of every length that occurs, each a batch of its own, so that no padding is measured.
 * @returns none where all messages are empty
 */
export function calibrationBatches(messages: EncodedMessages): BatchInput<HostTensor>[] {
  const lengths = messageLengths(messages);
  const order = [...lengths.keys()]
    .filter((i) => lengths[i]! > 0 && lengths[i]! <= maxTokens)
    .sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const shortest = [...lengths.keys()]
    .filter((i) => lengths[i]! > 0)
    .sort((a, b) => lengths[a]! - lengths[b]!);
  const from = order.length > 0 ? order : shortest.slice(0, 1);
  const count = Math.min(maxMessages, from.length);
  // Middles of `count` equal parts of the list.
  const chosen = Array.from(
    { length: count },
    (_, k) => from[Math.floor(((k + 0.5) * from.length) / count)]!,
  );
  return chosen.map((i) => layOutTokens(messages, [i]));
}

/**
 * How far features are from the exact ones: the root mean square over tokens of the relative error (L2) of a token. Every
 * token counts the same; in the norm of a whole message GPT-2's first token, hundreds of times larger, would hide the rest.
 * @param exact - float32 [1, T, D]
 */
export function featureError([exact]: readonly HostTensor[], [approximate]: readonly HostTensor[]): number {
  if (exact === undefined || approximate === undefined) return Number.NaN;
  const width = exact.shape.at(-1) ?? 1;
  const tokens = exact.data.length / width;
  let sum = 0;
  for (let t = 0; t < tokens; t++) {
    let [difference, norm] = [0, 0];
    for (let i = t * width; i < (t + 1) * width; i++) {
      difference += (exact.data[i]! - approximate.data[i]!) ** 2;
      norm += exact.data[i]! ** 2;
    }
    sum += difference / Math.max(norm, 1e-30);
  }
  return Math.sqrt(sum / tokens);
}

/** One line for the log. */
export function describeInt8(report: Int8Report, messages: number): string {
  const { matrices, outputError, outputLimit } = report;
  const percent = (part: number | undefined): string => `${(100 * (part ?? Number.NaN)).toFixed(2)} %`;
  if (report.precision === "float32")
    return (
      `Warning: the frozen blocks are computed in float32. In int8 their features would differ by more than ${percent(outputLimit)}` +
      `${outputError === undefined ? "" : ` (${percent(outputError.max)})`} on ${counted(messages, "message")}.`
    );
  const of = (form: string): number => matrices.filter((matrix) => matrix.form === form).length;
  return (
    `Frozen blocks in int8: ${of("int8") + of("int8-smoothed")} of ${matrices.length} matrices, ${of("int8-smoothed")} of them with outlier channels ` +
    `evened out. Features differ from float32 by ${percent(outputError?.mean)}, at most ${percent(outputError?.max)}, on ${counted(messages, "message")}.`
  );
}

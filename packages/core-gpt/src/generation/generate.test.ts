/** Generation with a cache against the model without one, and against what Hugging Face's `generate` wrote. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectClose, readTensors, repositoryRoot, sharedFolder } from "@btp/test-kit";
import "@tensorflow/tfjs";
import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { type GptConfig, gptConfigs } from "../config.js";
import { languageModelLogits } from "../heads/language-model.js";
import type { HostTensor } from "../host-tensor.js";
import { buildParams } from "../parameter-table.js";
import type { GptParams } from "../params.js";
import { createRandom } from "../random.js";
import { positionsOf, readParams } from "../testing/golden.js";
import type { Tokenizer } from "../tokenizer/tokenizer.js";
import { cachedStep } from "./cached-step.js";
import { type GenerateOptions, generateIds, generateText, type TextPart } from "./generate.js";
import { createTextReader, type RunCachedStep, type TextReader } from "./text-reader.js";

const folder = join(repositoryRoot(), "packages/core-gpt/goldens");
const facts = JSON.parse(readFileSync(join(folder, "small-gpt.json"), "utf8")) as {
  config: GptConfig;
  greedy: { prompt: number[]; continuation: number[] };
};
const { config, greedy } = facts;
let params: GptParams<Tensor>;

beforeAll(async () => {
  await tf.setBackend("cpu");
  params = readParams(readTensors(join(folder, "small-gpt.safetensors")), config, "param.");
});

/** `cachedStep` run eagerly by TensorFlow.js. */
function eagerStep(weights: GptParams<Tensor>, shape: GptConfig): RunCachedStep {
  const toTensor = ({ data, shape, dtype }: HostTensor): Tensor => tf.tensor(data, [...shape], dtype);
  const toHost = (tensor: Tensor): HostTensor => ({
    dtype: "float32",
    shape: tensor.shape,
    data: tensor.dataSync<"float32">(),
  });
  return async (ids, positions, pastPositions, past) => {
    const scope = tf.engine();
    scope.startScope();
    const step = cachedStep(weights, shape, toTensor(ids), toTensor(positions), toTensor(pastPositions), {
      keys: past.keys.map(toTensor),
      values: past.values.map(toTensor),
    });
    const hosted = {
      logits: toHost(step.logits),
      keys: step.keys.map(toHost),
      values: step.values.map(toHost),
    };
    scope.endScope();
    return hosted;
  };
}

const reader = (): TextReader => createTextReader(config, eagerStep(params, config));

async function collect(
  source: TextReader,
  prompt: readonly number[],
  options: Partial<GenerateOptions>,
): Promise<{ ids: number[]; reason: string }> {
  const random = createRandom(1);
  const stream = generateIds(source, prompt, { random, temperature: 0, ...options });
  const ids: number[] = [];
  for (;;) {
    const next = await stream.next();
    if (next.done) return { ids, reason: next.value };
    ids.push(next.value);
  }
}

describe("a reader with a cache", () => {
  it.each([[[20]], [[1, 19]], [[9, 1, 1, 9]], [new Array<number>(20).fill(1)]])(
    "gives the logits of the model without one, read in parts of %j",
    async (parts) => {
      const ids = Array.from({ length: 20 }, (_, i) => (i * 7) % config.vocabSize);
      const whole = languageModelLogits(
        params,
        config,
        tf.tensor2d([ids], [1, 20], "int32"),
        positionsOf(20),
      );
      const rows = whole.dataSync();
      const cached = reader();
      let end = 0;
      for (const part of parts) {
        const logits = await cached.read(ids.slice(end, end + part));
        end += part;
        // The same sums in another order.
        expectClose(logits, rows.slice((end - 1) * config.vocabSize, end * config.vocabSize), 2e-5);
      }
      expect(cached.room).toBe(config.contextLength - 20);
    },
  );

  it("grows its cache beyond the first slots", async () => {
    const long: GptConfig = { ...gptConfigs.tiny, contextLength: 200, numLayers: 1 };
    const random = createRandom(4);
    const noise = (shape: readonly number[]): Tensor =>
      tf.tensor(
        Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => random() - 0.5),
        [...shape],
      );
    const weights = buildParams(long, ({ shape }) => noise(shape));
    const ids = Array.from({ length: 150 }, (_, i) => (i * 31) % long.vocabSize);
    const whole = languageModelLogits(weights, long, tf.tensor2d([ids], [1, 150], "int32"), positionsOf(150));
    const cached = createTextReader(long, eagerStep(weights, long));
    for (const id of ids.slice(0, 100)) await cached.read([id]);
    const logits = await cached.read(ids.slice(100));
    expectClose(logits, whole.dataSync().slice(-long.vocabSize), 2e-5);
  });

  it("refuses no tokens, and more than the model's context", async () => {
    const refused = expect.objectContaining({ code: "INVALID_PROMPT" });
    await expect(reader().read([])).rejects.toThrow(refused);
    await expect(reader().read(new Array<number>(config.contextLength + 1).fill(0))).rejects.toThrow(refused);
  });
});

describe("generateIds", () => {
  it("writes what Hugging Face's generate writes", async () => {
    const { prompt, continuation } = greedy;
    expect(await collect(reader(), prompt, { maxNewTokens: continuation.length })).toEqual({
      ids: continuation,
      reason: "length",
    });
  });

  it("gives the same ids for the same seed", async () => {
    const options = { maxNewTokens: 10, temperature: 2 };
    const run = (seed: number) => collect(reader(), [1, 2], { ...options, random: createRandom(seed) });
    expect(await run(5)).toEqual(await run(5));
    expect(await run(5)).not.toEqual(await run(6));
  });

  it("ends where the model's context does", async () => {
    const { ids, reason } = await collect(reader(), [1, 2, 3], {});
    expect(reason).toBe("context");
    // The last token is written without being read.
    expect(ids).toHaveLength(config.contextLength - 3 + 1);
  });

  it("ends before a stop id", async () => {
    const { prompt, continuation } = greedy;
    const [, , , , , , , , ninth = 0] = continuation;
    expect(await collect(reader(), prompt, { stopIds: [ninth] })).toEqual({
      ids: continuation.slice(0, 8),
      reason: "stop",
    });
  });

  it("ends when it is aborted", async () => {
    expect(await collect(reader(), [1], { signal: AbortSignal.abort() })).toEqual({
      ids: [],
      reason: "aborted",
    });
  });

  it("refuses options out of range before it reads", async () => {
    const refused = (code: string) => expect.objectContaining({ code });
    await expect(collect(reader(), [1], { topP: 0 })).rejects.toThrow(refused("INVALID_SAMPLING"));
    await expect(collect(reader(), [1], { maxNewTokens: 0.5 })).rejects.toThrow(refused("INVALID_LIMIT"));
    await expect(collect(reader(), [], {})).rejects.toThrow(refused("INVALID_PROMPT"));
  });

  it.skipIf(sharedFolder("fixtures/gpt2-tiny") === null)(
    "writes the greedy tokens of the shared fixture (skipped without ../shared/fixtures)",
    async () => {
      const fixture = sharedFolder("fixtures/gpt2-tiny");
      const expected = readTensors(`${fixture}/expected.safetensors`);
      const { cases } = JSON.parse(readFileSync(`${fixture}/expected.json`, "utf8")) as {
        cases: { name: string; greedy_20_tokens: number[] | null }[];
      };
      const weights = readParams(readTensors(`${fixture}/hf-f32/model.safetensors`), gptConfigs.tiny);
      const step = eagerStep(weights, gptConfigs.tiny);
      const written = cases.filter(({ greedy_20_tokens }) => greedy_20_tokens !== null);
      expect(written).toHaveLength(4);
      for (const { name, greedy_20_tokens } of written) {
        const prompt = Array.from(expected.get(`${name}.ids`)?.data ?? []);
        const { ids } = await collect(createTextReader(gptConfigs.tiny, step), prompt, { maxNewTokens: 20 });
        expect(ids, name).toEqual(greedy_20_tokens);
      }
    },
  );
});

/** Writes given tokens, whatever it reads. */
function scripted(ids: readonly number[], vocabSize: number): TextReader {
  let next = 0;
  return {
    room: Infinity,
    async read() {
      const logits = new Float32Array(vocabSize);
      logits[ids[next++] ?? 0] = 1;
      return logits;
    },
  };
}

/** One token a byte. */
const bytes: Tokenizer = {
  vocabSize: 256,
  encode: (text) => {
    const ids = Int32Array.from(new TextEncoder().encode(text));
    return { ids, totalTokens: ids.length, truncated: false };
  },
  decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids)),
  tokenBytes: (id) => Uint8Array.of(id),
};

describe("generateText", () => {
  const write = async (text: Uint8Array, options: object = {}): Promise<TextPart[]> => {
    const parts: TextPart[] = [];
    const given = { random: createRandom(1), temperature: 0, maxNewTokens: text.length, ...options };
    for await (const part of generateText(bytes, scripted(Array.from(text), 256), "x", given))
      parts.push(part);
    return parts;
  };
  const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

  it("gives characters when they are whole", async () => {
    expect(await write(utf8("é😀!"))).toEqual([
      { text: "é", tokens: 2, finishReason: null },
      { text: "😀", tokens: 6, finishReason: null },
      { text: "!", tokens: 7, finishReason: null },
      { text: "", tokens: 7, finishReason: "length" },
    ]);
  });

  it("shows a character that was never finished as U+FFFD", async () => {
    const parts = await write(utf8("a😀").slice(0, 3));
    expect(parts.map(({ text }) => text).join("")).toBe("a\ufffd");
  });

  it("ends before a stop string, and says so", async () => {
    const parts = await write(utf8("one\n\ntwo"), { stop: ["\n\n"] });
    expect(parts.map(({ text }) => text).join("")).toBe("one");
    expect(parts.at(-1)).toEqual({ text: "", tokens: 5, finishReason: "stop" });
  });

  it("gives text back that only looked like the beginning of a stop string", async () => {
    const parts = await write(utf8("one\n"), { stop: ["\n\n"] });
    expect(parts.map(({ text }) => text).join("")).toBe("one\n");
    expect(parts.at(-1)?.finishReason).toBe("length");
  });
});

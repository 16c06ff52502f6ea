// What a repository that installs a package does with it, for check-packages.mjs: three lines of TypeScript that use its
// types, and what the README's example needs to run without the internet.

/** In the consumer's folder: from the repository. A small detector stands for the one that the examples name. */
export const fixtures = {
  "models/btp-mini": "examples/how-gpt-works/toy",
  "tiny-gpt2": "packages/weights-gpt2/goldens/one-head",
  "train.csv": "datasets/synthetic/validation.csv",
  "validation.csv": "datasets/synthetic/test.csv",
};

/** `tensors`: its types name TensorFlow.js's, which need skipLibCheck. */
export const consumers = {
  "core-gpt": {
    tensors: true,
    types: `import { createTokenizer, type GptConfig, gptConfigs } from "@btp/core-gpt";
const config: GptConfig = gptConfigs.gpt2;
const ids: Int32Array = (await createTokenizer()).encode("hello").ids;
export const counts: [number, number] = [config.width, ids.length];`,
  },
  "tfjs-jit": {
    tensors: true,
    types: `import { type Engine, createEngine, tensorSpec } from "@btp/tfjs-jit";
import * as tf from "@tensorflow/tfjs-core";
const engine: Engine = await createEngine("jit");
const double = await engine.compile((_: object, x: tf.Tensor) => tf.mul(x, 2), {}, [tensorSpec("float32", ["n"])]);
export const { data } = await double.run({ dtype: "float32", shape: [1], data: Float32Array.of(1) });`,
  },
  "weights-gpt2": {
    tensors: true,
    adapt: (code) => code.replace('resolveBase("gpt2")', 'resolveBase("./tiny-gpt2")'),
    types: `import { loadGpt2 } from "@btp/weights-gpt2";
const { config, params } = await loadGpt2("tiny-gpt2");
export const sizes: [number, number] = [config.width, params.blocks.length];`,
  },
  detector: {
    types: `import { loadDetector } from "@btp/detector";
import { decide } from "@btp/detector/decide";
import { readOnnxInfo } from "@btp/detector/onnx";
const [found] = await (await loadDetector("models/btp-mini")).detect(["You are stupid"]);
export const label: string = decide(found.score, 0.5).label + readOnnxInfo(new Uint8Array()).name;`,
  },
  "cyberbully-train": {
    tensors: true,
    // One epoch on the small sample: that it trains is the point, not what it learns.
    adapt: (code) => code.replace("epochs: 4", "epochs: 1"),
    types: `import { createConfig, trainDetector } from "@btp/cyberbully-train";
const detector = await trainDetector(createConfig({ train: "a.csv", validation: "b.csv", out: "c" }));
export const directory: string | undefined = detector.directory;`,
  },
  "inference-api": {
    types: `import { parseConfig, startServer } from "@btp/inference-api";
const server = await startServer({ config: parseConfig({ model: "models/btp-mini", port: 0 }) });
export const url: string = server.url;`,
  },
  cli: {
    command: ["btp-cli", "predict", "--model", "models/btp-mini", "You are not clever but stupid"],
    types: `import { main } from "btp-cli";
export const done: Promise<void> = main(["--version"]);`,
  },
};

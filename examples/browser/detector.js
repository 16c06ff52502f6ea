// A detector from an ONNX file: 40 lines to take over into a page of yours. Needs onnxruntime-web, js-tiktoken's table of
// GPT-2's tokens (behind @btp/core-gpt/tokenizer), and @btp/detector/onnx, which has neither Node.js nor TensorFlow.js in it.
import { decide, emptyDecision, isEmptyMessage, readOnnxInfo, tokenizerOf } from "@btp/detector/onnx";
import * as ort from "onnxruntime-web/wasm";

// More threads need a page that is cross-origin isolated; one message is quick enough with one.
ort.env.wasm.numThreads = 1;

/** @param url - of a file that `btp-cli export onnx` wrote */
export async function loadOnnxDetector(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} could not be fetched (${response.status}).`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const info = readOnnxInfo(bytes);
  const [tokenizer, session] = await Promise.all([tokenizerOf(info), ort.InferenceSession.create(bytes)]);
  return {
    info,
    /** @returns label, isCyberbullying, confidence, score, threshold, tokens, truncated, milliseconds */
    async detect(text) {
      const start = performance.now();
      const { ids, totalTokens, truncated } = tokenizer.encode(text, { maxTokens: info.maxLength });
      if (ids.length === 0 || isEmptyMessage(text)) {
        const decision = emptyDecision(info.threshold); // what says nothing is not for the model to judge
        return { ...decision, tokens: 0, truncated: false, milliseconds: performance.now() - start };
      }
      const shape = [1, ids.length]; // [messages, tokens]
      const results = await session.run({
        ids: new ort.Tensor("int32", Int32Array.from(ids), shape),
        mask: new ort.Tensor("float32", new Float32Array(ids.length).fill(1), shape),
      });
      const decision = decide(results.score.data[0], info.threshold);
      return { ...decision, tokens: totalTokens, truncated, milliseconds: performance.now() - start };
    },
  };
}

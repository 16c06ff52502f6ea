// Runs a model that `btp-cli export onnx` wrote, with no package of BTP:
//   node detect.mjs model.onnx "a message" "another one"
// Needs onnxruntime-node and js-tiktoken. All that the model does not compute itself stands in its metadata.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { Tiktoken } from "js-tiktoken/lite";
import gpt2 from "js-tiktoken/ranks/gpt2";
import ort from "onnxruntime-node";
import { normalise } from "./normalise.mjs";

/** @returns an object with detect(texts), which gives label, score and threshold of each */
export async function loadOnnxDetector(path) {
  const about = readMetadata(readFileSync(path));
  if (about["btp.format"] !== "1")
    throw new Error(`${path} is no model of btp-cli export onnx, or one of another format`);
  if (about["btp.normalisation"] && about["btp.normalisation"] !== "messages-v1")
    throw new Error(`texts of ${path} are normalised by rules that this program does not know`);
  const session = await ort.InferenceSession.create(path);
  const labels = JSON.parse(about["btp.labels"]);
  const threshold = Number(about["btp.threshold"]);
  const maxLength = Number(about["btp.max_length"]);
  const encode = tokenizerFor(about);

  async function detect(texts) {
    const rows = texts.map((text) => encode(text).slice(0, maxLength));
    const length = Math.max(1, ...rows.map((row) => row.length));
    const ids = new Int32Array(rows.length * length); // [messages, tokens], padded on the right
    const mask = new Float32Array(rows.length * length);
    rows.forEach((row, i) => {
      ids.set(row, i * length);
      mask.fill(1, i * length, i * length + row.length);
    });
    const shape = [rows.length, length];
    const { score } = await session.run({
      ids: new ort.Tensor("int32", ids, shape),
      mask: new ort.Tensor("float32", mask, shape),
    });
    return texts.map((text, i) => {
      // What says nothing is not for the model to judge.
      if (rows[i].length === 0 || isEmpty(text)) return { label: labels[0], score: 0, threshold };
      return { label: labels[score.data[i] >= threshold ? 1 : 0], score: score.data[i], threshold };
    });
  }
  return { detect };
}

/** Only white space, control characters, what Unicode calls ignorable, or the blank Braille cell. */
const isEmpty = (text) => !/[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]/u.test(text);

/** From a text to the model's ids. */
function tokenizerFor(about) {
  const tokenizer = new Tiktoken(gpt2);
  // Text like <|endoftext|> is ordinary text: no special tokens are allowed, and none is refused.
  const ordinary = (text) => tokenizer.encode(text, [], []);
  const read = about["btp.normalisation"] ? (text) => ordinary(normalise(text)) : ordinary;
  if (!about["btp.kept_token_ids"]) return read;

  const own = new Map(JSON.parse(about["btp.kept_token_ids"]).map((id, place) => [id, place]));
  const tokens = readTokens(); // GPT-2's, a character a byte
  const ranks = new Map(tokens.map((token, id) => [token, id]));
  /** A token that the model does not have becomes the two that it was joined from, and so on. */
  const restrict = (id) => {
    if (own.has(id)) return [own.get(id)];
    const parts = [...tokens[id]];
    while (parts.length > 2) {
      const joined = parts.slice(1).map((part, i) => ranks.get(parts[i] + part) ?? Infinity);
      const at = joined.indexOf(Math.min(...joined));
      parts.splice(at, 2, parts[at] + parts[at + 1]);
    }
    return parts.flatMap((part) => restrict(ranks.get(part)));
  };
  return (text) => read(text).flatMap(restrict);
}

/** js-tiktoken's table: lines of "! FIRST_ID TOKEN TOKEN ...", each token in base64. */
function readTokens() {
  const tokens = [];
  for (const line of gpt2.bpe_ranks.split("\n").filter(Boolean)) {
    const [, first, ...encoded] = line.split(" ");
    encoded.forEach((token, i) => {
      tokens[Number(first) + i] = Buffer.from(token, "base64").toString("latin1");
    });
  }
  return tokens;
}

/** onnxruntime-node does not hand the metadata out: field 14 of the file, pairs of a key (1) and a value (2). */
function readMetadata(bytes) {
  const pairs = [...fields(bytes)].filter(({ number }) => number === 14);
  return Object.fromEntries(
    pairs.map(({ content }) => [...fields(content)].map((field) => field.content.toString("utf8"))),
  );
}

/** The fields of a Protocol Buffers message that have a length; numbers are passed over. */
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const tag = varint();
    const type = tag % 8;
    if (type === 0) varint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      const length = varint();
      yield { number: Math.floor(tag / 8), content: bytes.subarray(at, at + length) };
      at += length;
    } else throw new Error("this is no ONNX file");
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [path, ...texts] = process.argv.slice(2);
  if (texts.length === 0) {
    process.stderr.write('usage: node detect.mjs model.onnx "a message" ...\n');
    process.exit(2);
  }
  const detector = await loadOnnxDetector(path);
  for (const [i, { label, score }] of (await detector.detect(texts)).entries())
    process.stdout.write(`${label}  ${score.toFixed(3)}  ${texts[i]}\n`);
}

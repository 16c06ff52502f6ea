/**
 * A detector for tests: the score is a hash of the text, so every answer can be predicted and a mixed-up one is seen.
 * Never shipped (package.json `files`). Words in a message make it misbehave, to try the server's machinery:
 * `@slow:MS` takes MS milliseconds, `@crash` kills the process, `@throw` throws, `@hang` never returns.
 * The directory holds `fake.json`: {"name", "loadMs"?, "batchMs"?, "fail"?}.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Detection, Detector, DetectorInfo } from "@btp/detector";

const MAX_LENGTH = 64;
const THRESHOLD = 0.5;

/** FNV-1a over UTF-16 units, as a number from 0 to 1; the model's name is part of it. */
export function fakeScore(name: string, text: string): number {
  let hash = 2166136261;
  const seen = text.length > 4096 ? text.slice(0, 4096) : text;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
  for (let i = 0; i < seen.length; i++) hash = Math.imul(hash ^ seen.charCodeAt(i), 16777619);
  return (hash >>> 0) / 4294967295;
}

/** The fake's tokens: words. */
export function fakeTokens(text: string): number {
  return text.split(/\s+/u).filter((word) => word !== "").length;
}

export function fakeDetection(name: string, text: string, threshold = THRESHOLD): Detection {
  const score = fakeScore(name, text);
  const isCyberbullying = score >= threshold;
  const side = isCyberbullying
    ? (score - threshold) / (1 - threshold || 1)
    : (threshold - score) / (threshold || 1);
  const tokens = fakeTokens(text);
  return {
    label: isCyberbullying ? "cyberbullying" : "not cyberbullying",
    isCyberbullying,
    confidence: 0.5 + 0.5 * side,
    score,
    threshold,
    tokens,
    truncated: tokens > MAX_LENGTH,
  };
}

interface FakeFile {
  readonly name: string;
  readonly loadMs?: number;
  readonly batchMs?: number;
  readonly fail?: string;
}

function isFakeFile(value: unknown): value is FakeFile {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "name") === "string";
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export async function load(directory: string, options: { engine?: string } = {}): Promise<Detector> {
  const file: unknown = JSON.parse(await readFile(join(directory, "fake.json"), "utf8"));
  if (!isFakeFile(file)) throw new TypeError("fake.json must hold a name");
  if (file.fail !== undefined) throw new Error(file.fail);
  await sleep(file.loadMs ?? 0);
  const info: DetectorInfo = {
    name: file.name,
    sha256: "f".repeat(52) + "0".repeat(12),
    parameters: 1,
    maxLength: MAX_LENGTH,
    threshold: THRESHOLD,
    temperature: 1,
    engine: options.engine ?? "fake",
  };
  return {
    info,
    async detect(texts, detectOptions): Promise<Detection[]> {
      detectOptions?.onTokenized?.(0.01 * texts.length);
      for (const text of texts) await misbehave(text);
      if (file.batchMs !== undefined) await sleep(file.batchMs);
      return texts.map((text) => fakeDetection(file.name, text, detectOptions?.threshold));
    },
    dispose: async () => {},
  };
}

async function misbehave(text: string): Promise<void> {
  if (text.includes("@crash")) process.kill(process.pid, "SIGKILL");
  if (text.includes("@throw")) throw new Error(`as asked: ${text}`);
  if (text.includes("@hang")) await new Promise(() => setInterval(() => {}, 1000));
  const slow = /@slow:(\d+)/.exec(text)?.[1];
  if (slow !== undefined) await sleep(Number(slow));
}

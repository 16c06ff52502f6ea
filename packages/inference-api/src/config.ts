/**
 * Every setting of the server, in one table: type, bounds, default and meaning. Flags, BTP_SERVE_* variables and a
 * JSON or YAML file fill it, in that order of precedence. Pure: what was read from where comes in as values.
 */
import { availableParallelism } from "node:os";
import { z } from "zod";
import { ServeError } from "./errors.js";

const cores = availableParallelism();
/** Four threads a worker are where a batch of short messages stops gaining; one worker holds one copy of the model. */
const defaultWorkers = Math.max(1, Math.floor(cores / 4));

/** Flags and variables are text. Stricter than Number(), to which "" is 0. */
const int = (least: number, most: number) =>
  z.preprocess(
    (value) => (typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value),
    z.int().min(least).max(most),
  );

/** Flags, variables and YAML give "a,b" or a list. */
const list = (item: z.ZodString) =>
  z.preprocess((value) => (typeof value === "string" ? splitList(value) : value), z.array(item));

const flag = z.preprocess(
  (value) =>
    value === "true" || value === "1" || value === ""
      ? true
      : value === "false" || value === "0"
        ? false
        : value,
  z.boolean(),
);

function splitList(value: string): string[] {
  return value
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** As @btp/tfjs-jit names them; not imported, since this process must stay free of engines. */
const ENGINES = ["auto", "jit", "tfjs-node-gpu", "tfjs-node", "tfjs-cpu"] as const;
export type EngineName = (typeof ENGINES)[number];

export const configSchema = z.strictObject({
  model: z.string().min(1).default("models/btp-mini").describe("detector directory to serve"),
  host: z.string().min(1).default("127.0.0.1").describe("address to listen on; 0.0.0.0 for all"),
  port: int(0, 65535).default(8000).describe("port to listen on; 0 picks a free one"),
  adminPort: int(0, 65535).optional().describe("port on 127.0.0.1 for POST /admin/reload; unset: none"),
  workers: int(1, 64).default(defaultWorkers).describe("worker processes, each with its copy of the model"),
  threads: int(1, 256)
    .default(Math.max(1, Math.floor(cores / defaultWorkers)))
    .describe("threads of the engine in each worker"),
  engine: z.enum(ENGINES).optional().describe("what computes; unset: the detector's own choice"),
  precision: z
    .enum(["fp32", "int8"])
    .default("fp32")
    .describe("int8: large models in a third of the time and memory, scores within 0.02"),
  maxBodyBytes: int(1024, 64 * 2 ** 20)
    .default(2 ** 20)
    .describe("largest request body"),
  maxBodyBytesInFlight: int(2 ** 20, 2 ** 32)
    .default(64 * 2 ** 20)
    .describe("request bodies held at once, together"),
  maxBatchMessages: int(1, 10_000).default(256).describe("most messages in one /detect/batch request"),
  maxChunks: int(1, 10_000).default(64).describe('most parts of one message with "longText": "chunk"'),
  queueCapacity: int(1, 1_000_000).default(1024).describe("most messages waiting; beyond it 429"),
  queueCharacters: int(2 ** 20, 2 ** 32)
    .default(32 * 2 ** 20)
    .describe("most characters waiting; beyond it 429"),
  batchSize: int(1, 4096).default(64).describe("most messages in one batch of the model"),
  batchTokens: int(1, 1_000_000).default(2048).describe("most padded tokens in one batch of the model"),
  batchWaitMs: int(0, 1000).default(0).describe("how long an idle worker waits for more messages"),
  deadlineMs: int(10, 600_000).default(10_000).describe("longest time to an answer; beyond it 503"),
  workerBatchMs: int(100, 3_600_000).default(60_000).describe("a worker silent for longer is killed"),
  workerStartMs: int(1000, 3_600_000).default(120_000).describe("longest time a model may take to load"),
  retries: int(0, 10).default(2).describe("times a message is tried again after it failed alone"),
  probeIntervalMs: int(100, 600_000).default(5000).describe("how often readiness runs the model"),
  headersTimeoutMs: int(100, 600_000)
    .default(10_000)
    .describe("longest time for a request's headers to arrive"),
  requestTimeoutMs: int(100, 600_000).default(30_000).describe("longest time for a whole request to arrive"),
  keepAliveTimeoutMs: int(100, 3_600_000).default(65_000).describe("how long an idle connection is kept"),
  maxConnections: int(1, 1_000_000).default(4096).describe("most open connections"),
  maxHeaderBytes: int(1024, 2 ** 20)
    .default(16 * 1024)
    .describe("largest headers of a request"),
  drainDelayMs: int(0, 600_000)
    .default(0)
    .describe("after SIGTERM: unready, but still accepting, for so long"),
  gracePeriodMs: int(0, 600_000)
    .default(25_000)
    .describe("after SIGTERM: longest time to finish what is in flight"),
  apiKeys: list(z.string().min(16).max(512))
    .default([])
    .describe("accepted API keys (variable or file only)"),
  apiKeysFile: z.string().min(1).optional().describe("file with one accepted API key a line"),
  corsOrigins: list(z.string().min(1)).default([]).describe("origins whose pages may call; * for all"),
  rateLimitPerMinute: int(0, 10_000_000)
    .default(0)
    .describe("messages a minute per key or address; 0: no limit"),
  rateLimitBurst: int(1, 10_000_000).optional().describe("messages at once; unset: a minute's worth"),
  trustProxy: int(0, 32).default(0).describe("proxies in front whose X-Forwarded-For is believed"),
  openaiRoute: flag.default(false).describe("serve POST /v1/moderations (OpenAI's shape)"),
  perspectiveRoute: flag
    .default(false)
    .describe("serve POST /v1alpha1/comments:analyze (Perspective's shape)"),
  logLevel: z
    .enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"])
    .default("info")
    .describe("least severe lines to log"),
  logRequests: flag.default(true).describe("one log line a request (never its text)"),
});

export type ServeConfig = Readonly<z.infer<typeof configSchema>>;
export type ServeConfigKey = keyof ServeConfig & string;

const KEYS = Object.keys(configSchema.shape);
const VARIABLE_PREFIX = "BTP_SERVE_";
/** Not settable by a flag: other users of the machine see command lines. */
const SECRET_KEYS: readonly string[] = ["apiKeys"];

/** maxBodyBytes -> max-body-bytes */
export function flagOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** maxBodyBytes -> BTP_SERVE_MAX_BODY_BYTES */
export function variableOf(key: string): string {
  return VARIABLE_PREFIX + flagOf(key).replaceAll("-", "_").toUpperCase();
}

/** Keys that have a flag, with their meaning and default, for a parser of flags and for help. */
export function flagTable(): {
  key: string;
  flag: string;
  description: string;
  isSwitch: boolean;
  fallback: unknown;
  /** The values it may have, where these are few. */
  choices: readonly string[] | undefined;
}[] {
  const defaults: Record<string, unknown> = configSchema.parse({});
  return Object.entries(configSchema.shape)
    .filter(([key]) => !SECRET_KEYS.includes(key))
    .map(([key, schema]) => ({
      key,
      flag: flagOf(key),
      description: schema.description ?? "",
      isSwitch: typeof defaults[key] === "boolean",
      fallback: defaults[key],
      choices: choicesOf(schema),
    }));
}

function choicesOf(schema: z.core.$ZodType): readonly string[] | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return choicesOf(schema.unwrap());
  return schema instanceof z.ZodEnum ? schema.options.map(String) : undefined;
}

/** What the environment sets. @throws {ServeError} INVALID_CONFIG on an unknown BTP_SERVE_* variable */
export function configFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const byVariable = new Map(KEYS.map((key) => [variableOf(key), key]));
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(VARIABLE_PREFIX) || value === undefined || name === `${VARIABLE_PREFIX}CONFIG`)
      continue;
    const key = byVariable.get(name);
    if (key === undefined) throw unknownName(name, [...byVariable.keys()]);
    values[key] = value;
  }
  return values;
}

/**
 * Merges and checks the sources, the strongest first.
 * @throws {ServeError} INVALID_CONFIG naming every wrong value and the nearest name of every unknown key
 */
export function parseConfig(...sources: readonly Readonly<Record<string, unknown>>[]): ServeConfig {
  const merged: Record<string, unknown> = {};
  for (const source of [...sources].reverse()) {
    for (const [key, value] of Object.entries(source)) {
      if (!KEYS.includes(key)) throw unknownName(key, KEYS);
      if (value !== undefined && value !== null) merged[key] = value;
    }
  }
  const parsed = configSchema.safeParse(merged);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => describeFault(issue, merged));
    throw new ServeError("INVALID_CONFIG", `the configuration is wrong: ${faults.join("; ")}`);
  }
  checkTogether(parsed.data);
  return Object.freeze(parsed.data);
}

/** "apiKeys.1 (BTP_SERVE_API_KEYS): expected ..., got ...": our words, since zod's know nothing of flags. */
function describeFault(issue: z.core.$ZodIssue, merged: Readonly<Record<string, unknown>>): string {
  const key = String(issue.path[0]);
  const element = issue.path.length > 1 ? `, entry ${issue.path.slice(1).map(String).join(".")}` : "";
  const value = issue.path.reduce<unknown>(
    (whole, part) => (typeof whole === "object" && whole !== null ? Reflect.get(whole, part) : undefined),
    merged,
  );
  // A secret is never shown, not even a wrong one.
  const came = SECRET_KEYS.includes(key) ? "something else" : shown(value);
  return `${nameOf(key)}${element}: expected ${expectationOf(issue)}, got ${came}`;
}

/** "--port (BTP_SERVE_PORT, port in the file)" */
function nameOf(key: string): string {
  const file = `${key} in the file`;
  return SECRET_KEYS.includes(key)
    ? `${variableOf(key)} (${file})`
    : `--${flagOf(key)} (${variableOf(key)}, ${file})`;
}

function expectationOf(issue: z.core.$ZodIssue): string {
  const unit = "origin" in issue && issue.origin === "string" ? " characters" : "";
  switch (issue.code) {
    case "too_small":
      return `at least ${issue.minimum}${unit}`;
    case "too_big":
      return `at most ${issue.maximum}${unit}`;
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")}`;
    case "invalid_type":
      return EXPECTED_TYPES[issue.expected] ?? issue.expected;
    default:
      return "another value";
  }
}

const EXPECTED_TYPES: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a whole number",
  boolean: "true or false",
  string: "text",
  array: "a list, or text with commas between",
};

function shown(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "a mapping";
  return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : String(value);
}

/** Pairs of which the first must not exceed the second: such a request could never be accepted, only refused as "busy". */
const MUST_FIT = [
  ["maxBatchMessages", "queueCapacity"],
  ["maxChunks", "queueCapacity"],
  ["maxBodyBytes", "queueCharacters"],
  ["maxBodyBytes", "maxBodyBytesInFlight"],
] as const;

function checkTogether(config: ServeConfig): void {
  for (const [part, whole] of MUST_FIT) {
    if (config[part] <= config[whole]) continue;
    throw new ServeError(
      "INVALID_CONFIG",
      `expected ${nameOf(part)} of at most ${nameOf(whole)}, got ${config[part]} and ${config[whole]}; lower the first or raise the second`,
    );
  }
}

/** The configuration as it may be printed: secrets replaced by how many there are. */
export function printableConfig(config: ServeConfig): Record<string, unknown> {
  return { ...config, apiKeys: `${config.apiKeys.length} keys` };
}

function unknownName(name: string, known: readonly string[]): ServeError {
  const nearest = [...known].sort((a, b) => distance(name, a) - distance(name, b))[0];
  return new ServeError(
    "INVALID_CONFIG",
    `unknown setting "${name.slice(0, 80)}"; did you mean "${nearest}"?`,
  );
}

/** Levenshtein distance, for suggestions only. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

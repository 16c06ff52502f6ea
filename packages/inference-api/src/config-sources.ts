/** Reads the server's settings from where they lie: command line, environment, file. The effects of config.ts. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parse as parseYaml } from "yaml";
import { configFromEnvironment, flagTable, parseConfig, type ServeConfig } from "./config.js";
import { ServeError } from "./errors.js";

/**
 * @param argv - flags only, for example ["--model", "models/x", "--port", "8080", "--config", "serve.yaml"]
 * @throws {ServeError} INVALID_CONFIG
 */
export function readConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ServeConfig {
  const { config: file, ...flags } = parseFlags(argv);
  const path = file ?? env.BTP_SERVE_CONFIG;
  const merged = parseConfig(
    flags,
    configFromEnvironment(env),
    path === undefined ? {} : readConfigFile(String(path)),
  );
  if (merged.apiKeysFile === undefined) return merged;
  const keys = readText(merged.apiKeysFile)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  return parseConfig({ ...merged, apiKeys: [...merged.apiKeys, ...keys] });
}

/** The flags as config keys; strict, so a mistyped flag stops the start. */
function parseFlags(argv: readonly string[]): Record<string, string | boolean | undefined> {
  const table = flagTable();
  const options: Record<string, { type: "string" | "boolean" }> = { config: { type: "string" } };
  for (const { flag, isSwitch } of table) options[flag] = { type: isSwitch ? "boolean" : "string" };
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true, allowNegative: true });
    const keyed: Record<string, string | boolean | undefined> = {};
    for (const [flag, value] of Object.entries(values)) {
      if (typeof value !== "string" && typeof value !== "boolean") continue;
      keyed[table.find((row) => row.flag === flag)?.key ?? flag] = value;
    }
    return keyed;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new ServeError("INVALID_CONFIG", `${detail} (see --help)`);
  }
}

function readConfigFile(path: string): Record<string, unknown> {
  let value: unknown;
  try {
    // YAML 1.2 is a superset of JSON: one parser reads both.
    value = parseYaml(readText(path), { maxAliasCount: 10 });
  } catch (error) {
    if (error instanceof ServeError) throw error;
    throw new ServeError("INVALID_CONFIG", `expected YAML or JSON in ${path}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ServeError("INVALID_CONFIG", `expected a mapping of settings in ${path}`);
  }
  return { ...value };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new ServeError(
      "INVALID_CONFIG",
      `cannot read ${path} (${cause instanceof Error && "code" in cause ? cause.code : "no reason given"})`,
      cause,
    );
  }
}

/** The help text of `serve`, made from the table. */
export function serveHelp(): string {
  const rows = flagTable().map(({ flag, description, fallback, isSwitch }) => {
    const left = `  --${flag}${isSwitch ? "" : " VALUE"}`;
    const shown =
      fallback === undefined || (Array.isArray(fallback) && fallback.length === 0) ? "" : ` [${fallback}]`;
    return `${left.padEnd(34)}${description}${shown}`;
  });
  return [
    "Serves a detector over HTTP.",
    "",
    "Each flag is also a variable (--max-body-bytes: BTP_SERVE_MAX_BODY_BYTES) and a key of the",
    "file named by --config (maxBodyBytes), in this order of precedence.",
    "",
    "  --config FILE                   YAML or JSON file with settings",
    ...rows,
  ].join("\n");
}

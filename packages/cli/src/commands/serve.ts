/** `btp-cli serve`: the HTTP server of @btp/inference-api. Its settings, their checks and meaning are that package's. */
import { flagTable, readConfig, ServeError, serve, startLines } from "@btp/inference-api";
import { Command, Option } from "commander";
import type { CliContext } from "../context.js";
import { UsageError } from "../exit-codes.js";
import { findModel } from "../model-path.js";

export function createCommand(context: CliContext, rest: readonly string[]): Command {
  const command = new Command("serve").description(
    "Serve a detector over HTTP: POST /detect, /detect/batch, health, metrics, documentation, and a page to try it. Until SIGTERM or Ctrl-C; what is in flight is finished first.",
  );
  command.addOption(new Option("--config <file>", "YAML or JSON file with settings (camelCase names)"));
  for (const { flag, description, fallback, isSwitch, choices } of flagTable()) {
    const standard =
      fallback === undefined || Array.isArray(fallback) ? "" : ` (default: ${String(fallback)})`;
    const option = new Option(isSwitch ? `--${flag}` : `--${flag} <value>`, `${description}${standard}`);
    command.addOption(choices === undefined ? option : option.choices(choices));
    if (isSwitch) command.addOption(new Option(`--no-${flag}`).hideHelp());
  }
  return command
    .addHelpText(
      "after",
      `
Each option is also a variable (--max-body-bytes: BTP_SERVE_MAX_BODY_BYTES) and a key of --config's file
(maxBodyBytes); options win over variables, variables over the file.
Exit codes: 0 stopped by SIGTERM or Ctrl-C, 1 failed or told twice, 2 wrong usage.

Examples:
  $ btp-cli serve
  $ btp-cli serve --model models/my-detector --host 0.0.0.0 --port 8080
  $ curl -s localhost:8000/detect -H 'content-type: application/json' -d '{"message": "You are so stupid!"}'`,
    )
    .action(() => runServer(rest, context));
}

/** Commander has checked the names by now; the values are checked where all of a setting's sources meet. */
async function runServer(rest: readonly string[], context: CliContext): Promise<void> {
  try {
    const config = readConfig(rest, context.env);
    const wanted = config.model === defaultModel ? undefined : config.model;
    const model = findModel(wanted, context.cwd);
    const isInteractive = context.stderr.isTTY === true;
    await serve({ config: { ...config, model }, isInteractive }, ({ url, info }) => {
      const text = isInteractive
        ? startLines(url, info.name, config)
        : `Serving ${info.name} at ${url} - documentation at ${url}/docs\n`;
      context.stderr.write(text);
    });
  } catch (error) {
    if (error instanceof ServeError && error.code === "INVALID_CONFIG") throw new UsageError(error.message);
    throw error;
  }
}

/** @btp/inference-api's own default counts from the working directory; ours is found from anywhere. */
const defaultModel = "models/btp-mini";

/**
 * `serve` as a command: flags, variables and file in, a server until it is told to stop, an exit code out.
 * What main.ts (nx run inference-api:serve) and btp-cli serve both run; prints nothing on stdout but help.
 */
import { readConfig, serveHelp } from "./config-sources.js";
import { ServeError } from "./errors.js";
import { serve } from "./serve.js";
import { startLines } from "./start-lines.js";

/**
 * @param argv - the flags after `serve`
 * @param env - BTP_SERVE_* settings, and BTP_DETECTOR_MODULE: the URL of a module exporting load(directory, options),
 *   for developers who serve another kind of detector
 * @returns the process's exit code: 0 stopped when asked, 1 could not start, 2 wrong settings
 */
export async function runServe(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  if (argv.includes("--help") || argv.includes("-h")) {
    process.stdout.write(`${serveHelp()}\n`);
    return 0;
  }
  try {
    const detectorModule = env.BTP_DETECTOR_MODULE;
    const config = readConfig(argv, env);
    const isInteractive = process.stderr.isTTY === true;
    await serve(
      { config, isInteractive, ...(detectorModule === undefined ? {} : { detectorModule }) },
      ({ url, info }) => {
        if (isInteractive) process.stderr.write(startLines(url, info.name, config));
      },
    );
    return 0;
  } catch (error) {
    if (!(error instanceof ServeError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.code === "INVALID_CONFIG" ? 2 : 1;
  }
}

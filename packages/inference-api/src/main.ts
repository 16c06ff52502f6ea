#!/usr/bin/env node
/** `nx run inference-api:serve`: flags, variables and file in, a server until it is told to stop. */
import { readConfig, serveHelp } from "./config-sources.js";
import { ServeError } from "./errors.js";
import { serve } from "./serve.js";

/** @returns the process's exit code: 0 stopped when asked, 1 could not start, 2 wrong settings */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (argv.includes("--help") || argv.includes("-h")) {
    process.stdout.write(`${serveHelp()}\n`);
    return 0;
  }
  try {
    const detectorModule = env.BTP_DETECTOR_MODULE;
    await serve({
      config: readConfig(argv, env),
      ...(detectorModule === undefined ? {} : { detectorModule }),
    });
    return 0;
  } catch (error) {
    if (!(error instanceof ServeError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.code === "INVALID_CONFIG" ? 2 : 1;
  }
}

process.exitCode = await main(process.argv.slice(2), process.env);

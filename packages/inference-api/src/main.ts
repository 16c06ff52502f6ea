#!/usr/bin/env node
/** The process behind `nx run inference-api:serve`, the container and the systemd unit. */
import { runServe } from "./run-serve.js";

process.exitCode = await runServe(process.argv.slice(2), process.env);

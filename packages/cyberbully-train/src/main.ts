/** What `nx run cyberbully-train:train` starts. Ctrl-C once saves a checkpoint and ends; twice ends at once. */
import { chdir, env } from "node:process";
import { runTrainCommand } from "./command.js";

// Nx starts its commands in the workspace's root; paths count from where the user stands.
if (env.NX_TASK_TARGET_TARGET === "train" && env.INIT_CWD !== undefined) chdir(env.INIT_CWD);

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}

process.exitCode = await runTrainCommand(process.argv.slice(2), process, {
  signal: stop.signal,
  program: "npx nx run cyberbully-train:train --",
});

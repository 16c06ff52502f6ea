// Installs the dependencies if they are missing or older than the lock file. Used by `npm run quickstart` and `npm test`,
// so that both work in a fresh clone. Needs Node and npm alone; reaches no host but the npm registry.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

const minimumNode = [20, 19];

export function ensureInstalled() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < minimumNode[0] || (major === minimumNode[0] && minor < minimumNode[1])) {
    fail(
      `Node ${minimumNode.join(".")} or newer is needed, this is ${process.versions.node}. Get it from your package manager or nodejs.org.`,
    );
  }
  const installed = `${root}node_modules/.package-lock.json`;
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs)
    return;
  console.error("Installing dependencies (npm ci) ...");
  // onnxruntime-node's install script would fetch CUDA libraries from another host; npm < 11.16 does not read "allowScripts".
  run("npm", ["ci"], { ONNXRUNTIME_NODE_INSTALL: "skip" });
}

/** Runs a command in the repository root, output shown; ends this process with its exit code when it fails. */
export function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env },
    shell: process.platform === "win32",
  });
  if (error) fail(`${command} could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs one of the tools that the workspace installed, without npx (which may ask the registry). */
export function runTool(name, args, env) {
  run(
    process.platform === "win32" ? `node_modules\\.bin\\${name}.cmd` : `node_modules/.bin/${name}`,
    args,
    env,
  );
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

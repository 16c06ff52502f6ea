/** Versions of what is installed, from package.json files and, for npm, from the program itself. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const packages = [
  "btp-cli",
  "@btp/core-gpt",
  "@btp/tfjs-jit",
  "@btp/weights-gpt2",
  "@btp/detector",
  "@btp/cyberbully-train",
  "@btp/inference-api",
  "@tensorflow/tfjs-core",
  "onnxruntime-node",
  "js-tiktoken",
  "@tensorflow/tfjs-node",
  "@tensorflow/tfjs-node-gpu",
] as const;

/** null: not installed. */
export type Versions = Readonly<Record<string, string | null>>;

export async function readVersions(): Promise<Versions> {
  const installed = packages.map((name) => [name, packageVersion(name)] as const);
  return { node: process.versions.node, npm: await npmVersion(), ...Object.fromEntries(installed) };
}

/** By walking up node_modules: `exports` may hide a package's package.json from require.resolve. */
function packageVersion(name: string): string | null {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const own = fileURLToPath(new URL("../../package.json", import.meta.url));
  const candidates = [
    ...folders.map((folder) => join(folder, name, "package.json")),
    ...(name === "btp-cli" ? [own] : []),
  ];
  for (const path of candidates) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(path, "utf8"));
      if (typeof manifest === "object" && manifest !== null && "version" in manifest)
        return String(manifest.version);
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

async function npmVersion(): Promise<string | null> {
  // npm and npx say who they are; asking the program costs a quarter of a second.
  const told = /\bnpm\/(\S+)/.exec(process.env.npm_config_user_agent ?? "")?.[1];
  if (told) return told;
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  try {
    const { stdout } = await promisify(execFile)(npm, ["--version"], {
      timeout: 10_000,
      shell: process.platform === "win32",
    });
    return stdout.trim();
  } catch {
    return null;
  }
}

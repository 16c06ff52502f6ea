// Puts the default detector into the archive of btp-cli, so that `npx btp-cli predict` works where there is no clone. npm runs
// it before it packs (the package's `prepack`). Plots and logs stay behind.
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const from = join(root, "models", "btp-mini");
const to = join(root, "packages", "cli", "models", "btp-mini");
const files = ["config.json", "model.safetensors", "metrics.json", "README.md"];

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
for (const file of files) {
  if (!existsSync(join(from, file)))
    throw new Error(`Expected ${join(from, file)}, which btp-cli is published with.`);
  cpSync(join(from, file), join(to, file));
}

/** Writes the kernel table into README.md. Needs a build: `npm run build` first. */
import { readFileSync, writeFileSync } from "node:fs";
import "@tensorflow/tfjs";
import { withKernelTable } from "../dist/lowering/kernel-table.js";

const readme = new URL("../README.md", import.meta.url);
writeFileSync(readme, withKernelTable(readFileSync(readme, "utf8")));

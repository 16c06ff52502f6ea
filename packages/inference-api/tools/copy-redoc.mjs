// Copies ReDoc's bundle and licence into vendor/, so that the packed package shows /redoc without ReDoc's 85 MB of
// dependencies. Run by `build` and `prepack`.
import { copyFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const vendor = fileURLToPath(new URL("../vendor/", import.meta.url));
const bundle = createRequire(import.meta.url).resolve("redoc/bundles/redoc.standalone.js");
mkdirSync(vendor, { recursive: true });
copyFileSync(bundle, join(vendor, "redoc.standalone.js"));
copyFileSync(`${bundle}.LICENSE.txt`, join(vendor, "redoc.standalone.js.LICENSE.txt"));
copyFileSync(join(dirname(bundle), "..", "LICENSE"), join(vendor, "redoc.LICENSE"));

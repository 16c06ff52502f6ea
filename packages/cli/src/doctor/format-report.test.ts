import { expect, it } from "vitest";
import { createColors } from "../color.js";
import type { DoctorReport } from "./examine.js";
import { formatReport } from "./format-report.js";

const report: DoctorReport = {
  ok: true,
  engine: {
    wanted: "auto",
    chosen: "jit",
    attempts: [{ engine: "tfjs-node-gpu", error: "no CUDA device answered" }, { engine: "jit" }],
    others: [{ engine: "tfjs-node", error: "Cannot find package" }, { engine: "tfjs-cpu" }],
  },
  threads: 2,
  processor: { model: "Example CPU", architecture: "x64", cores: 2, vectorExtensions: ["AVX2", "AVX-512F"] },
  memory: { totalBytes: 8 * 2 ** 30, freeBytes: 2 ** 30 },
  platform: "linux x64",
  versions: { node: "20.20.2", "@tensorflow/tfjs-node": null, "@tensorflow/tfjs-node-gpu": "4.22.0" },
  model: {
    path: "/models/example",
    name: "example",
    parameters: 1_234_567,
    maxLength: 128,
    threshold: 0.5,
    sha256: "ab",
    loadMs: 210.4,
    messageMs: 1.26,
  },
};

it("tells the engine, why others were passed over, the machine and the model", () => {
  expect(formatReport(report, createColors(false))).toMatchInlineSnapshot(`
    "engine                      jit (wanted: auto), 2 threads
      tfjs-node-gpu             no: no CUDA device answered
      tfjs-node                 optional, not installed; nothing needs doing (it would need @tensorflow/tfjs-node)
      tfjs-cpu                  works
    processor                   Example CPU, 2 cores, x64
    vector extensions           AVX2, AVX-512F
    memory                      8.0 GB, 1.0 GB free
    platform                    linux x64
    node                        20.20.2
    @tensorflow/tfjs-node       not installed, optional
    @tensorflow/tfjs-node-gpu   4.22.0
    model                       /models/example
      parameters                1,234,567
      reads                     128 tokens; threshold 0.5
      sha256                    ab
      first decision            210 ms after start, then 1.3 ms a message
    result                      all that is needed works
    "
  `);
});

it("says that there is no model, or what is wrong with it", () => {
  const missing = formatReport(
    { ...report, model: { path: null, error: "No detector" } },
    createColors(false),
  );
  expect(missing).toContain("model                       none: No detector\n");
  const broken = formatReport({ ...report, model: { path: "/m", error: "damaged" } }, createColors(false));
  expect(broken).toContain("model                       /m: damaged\n");
});

it("says why an optional engine fails that was asked for", () => {
  const engine = { ...report.engine, wanted: "tfjs-node", chosen: null };
  const text = formatReport({ ...report, engine, ok: false }, createColors(false));
  expect(text).toContain("  tfjs-node                 no: Cannot find package\n");
  expect(text).toContain("result                      something is wrong, see above\n");
});

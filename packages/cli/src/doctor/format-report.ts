/** The doctor's report for people: aligned lines, one fact each. Pure. */
import type { EngineAttempt } from "@btp/tfjs-jit";
import type { Colors } from "../color.js";
import { counted } from "../counted.js";
import { toPrintable } from "../printable.js";
import type { DoctorReport, ModelReport } from "./examine.js";

const labelWidth = 28;

export function formatReport(report: DoctorReport, colors: Colors): string {
  const { engine, processor, memory, versions } = report;
  const lines: string[] = [];
  const add = (label: string, text: string) => lines.push(`${colors.bold(label.padEnd(labelWidth))}${text}`);
  const chosen = engine.chosen ? colors.green(engine.chosen) : colors.red("none works");
  add("engine", `${chosen} (wanted: ${engine.wanted}), ${counted(report.threads, "thread")}`);
  for (const attempt of [...engine.attempts, ...engine.others]) {
    if (attempt.engine === engine.chosen) continue;
    add(`  ${attempt.engine}`, describeAttempt(attempt, report, colors));
  }
  add(
    "processor",
    `${toPrintable(processor.model)}, ${counted(processor.cores, "core")}, ${processor.architecture}`,
  );
  add("vector extensions", processor.vectorExtensions.join(", ") || "not told by this system");
  add("memory", `${gigabytes(memory.totalBytes)} GB, ${gigabytes(memory.freeBytes)} GB free`);
  add("platform", report.platform);
  for (const [name, version] of Object.entries(versions))
    add(
      name,
      version ?? colors.dim(optionalPackages.has(name) ? "not installed, optional" : "not installed"),
    );
  addModel(report.model, colors, add);
  add(
    "result",
    report.ok ? colors.green("all that is needed works") : colors.red("something is wrong, see above"),
  );
  return `${lines.join("\n")}\n`;
}

/** Of engines that run only where somebody installs them; the others need nothing more. */
const optionalPackages: ReadonlySet<string> = new Set(["@tensorflow/tfjs-node", "@tensorflow/tfjs-node-gpu"]);

/** What is optional and not there is no failure, unless it was asked for by name. */
function describeAttempt(
  { engine, error }: EngineAttempt,
  { engine: { wanted }, versions }: DoctorReport,
  colors: Colors,
): string {
  if (error === undefined) return "works";
  const name = `@tensorflow/${engine}`;
  const isAbsent = optionalPackages.has(name) && versions[name] === null;
  if (isAbsent && wanted !== engine)
    return colors.dim(`optional, not installed; nothing needs doing (it would need ${name})`);
  return `${colors.yellow("no")}: ${toPrintable(error)}`;
}

function addModel(model: ModelReport, colors: Colors, add: (label: string, text: string) => void): void {
  if (model.path === null) add("model", `${colors.yellow("none")}: ${toPrintable(model.error ?? "")}`);
  else if (model.error !== undefined)
    add("model", `${toPrintable(model.path)}: ${colors.red(toPrintable(model.error))}`);
  else {
    add("model", toPrintable(model.path));
    add("  parameters", (model.parameters ?? 0).toLocaleString("en"));
    add("  reads", `${counted(model.maxLength ?? 0, "token")}; threshold ${model.threshold}`);
    add("  sha256", model.sha256 ?? "");
    add(
      "  first decision",
      `${(model.loadMs ?? 0).toFixed(0)} ms after start, then ${(model.messageMs ?? 0).toFixed(1)} ms a message`,
    );
  }
}

function gigabytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}

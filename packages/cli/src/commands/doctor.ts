/** `btp-cli doctor`: which engine runs here and why, and what this machine and installation are. The facts are in doctor/. */
import { Command } from "commander";
import { createColors, wantsColor } from "../color.js";
import type { CliContext } from "../context.js";
import { exitCodeHelp, exitCodes } from "../exit-codes.js";
import { engineOption, jsonOption, modelOption, threadsOption } from "../shared-options.js";

export interface DoctorOptions {
  readonly engine: string;
  readonly threads?: number;
  readonly model?: string;
  readonly json?: boolean;
}

export function createCommand(context: CliContext): Command {
  return new Command("doctor")
    .description(
      "Say which engine was chosen, which others were tried and why they failed, what the processor can do, and which versions are installed.",
    )
    .addOption(modelOption())
    .addOption(engineOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
${exitCodeHelp("done", "no engine works or the model that was named cannot be loaded")}

Examples:
  $ btp-cli doctor
  $ btp-cli doctor --json
  $ btp-cli doctor --engine tfjs-node-gpu        why does my GPU not answer?`,
    )
    .action(async (options: DoctorOptions) => {
      const { examine } = await import("../doctor/examine.js");
      const { formatReport } = await import("../doctor/format-report.js");
      const report = await examine(options, context);
      const colors = createColors(wantsColor(context.stdout, context.env));
      context.stdout.write(options.json ? `${JSON.stringify(report)}\n` : formatReport(report, colors));
      if (!report.ok) context.exitCode = exitCodes.failed;
    });
}

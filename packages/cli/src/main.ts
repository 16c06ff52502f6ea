/**
 * The command line's entry: finds the command, loads only that command's module, runs it, turns errors into an exit
 * code. What commands do is in commands/; nothing here knows of models.
 */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { type CommandName, commandNames, commandTable } from "./command-table.js";
import { type CliContext, processContext } from "./context.js";
import { exitCodeHelp, exitCodes, UsageError } from "./exit-codes.js";

/** Runs one command line and sets the process's exit code; never throws. */
export async function main(args: readonly string[], context: CliContext = processContext()): Promise<void> {
  // Read by TensorFlow's own library when the engines tfjs-node load it: errors only, not its greetings.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  endQuietlyOnBrokenPipe(context);
  process.exitCode = await runCli(args, context);
}

/** @returns the exit code, see exit-codes.ts */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    const program = await createProgram(args, context);
    await program.parseAsync([...args], { from: "user" });
    return context.exitCode;
  } catch (error) {
    return report(error, context);
  }
}

/** The program with the wanted command loaded in full and the others by name and summary only. */
async function createProgram(args: readonly string[], context: CliContext): Promise<Command> {
  const program = new Command("btp-cli")
    .description(
      "Detect cyberbullying in messages with a GPT that is trained, run and explained on your own machine.",
    )
    .version(readVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help on a command")
    .configureHelp({ helpWidth: helpWidth(context) })
    .addHelpText(
      "after",
      `
Results go to stdout; progress and notices go to stderr.
${exitCodeHelp()}

Examples:
  $ btp-cli predict "You are so stupid!"
  $ btp-cli predict --help`,
    );
  prepare(program, context);
  const wanted = args.find((arg) => !arg.startsWith("-") && arg !== "help");
  const loadsAll = commandNames.some((name) => name === wanted && commandTable[name].readsOthers);
  const rest = wanted === undefined ? [] : args.slice(args.indexOf(wanted) + 1);
  for (const name of commandNames) {
    const entry = commandTable[name];
    if (loadsAll || name === wanted) {
      const { createCommand } = await entry.load();
      const command = (await createCommand(context, rest)).name(name).summary(entry.summary);
      prepareTree(command, context);
      program.addCommand(command);
    } else {
      program.command(name).summary(entry.summary).description(entry.summary);
    }
  }
  return program;
}

function prepareTree(command: Command, context: CliContext): void {
  prepare(command, context);
  for (const child of command.commands) prepareTree(child, context);
}

/** Errors are thrown, not exits; help and errors go to the context's streams. */
function prepare(command: Command, context: CliContext): void {
  command
    .exitOverride()
    .configureHelp({ helpWidth: helpWidth(context) })
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: (text, write) =>
        write(`btp-cli: ${withAdvice(text.replace(/^error: /, ""), pathOf(command))}`),
    })
    .showHelpAfterError(false);
}

/** What commander says of a wrong command line ends with what to do, where it does not say that itself. */
function withAdvice(text: string, path: string): string {
  return /Did you mean|Expected|Allowed choices/.test(text)
    ? text
    : `${text.trimEnd()}\nSee \`${path} --help\`.\n`;
}

/** "btp-cli dataset import" */
function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function helpWidth(context: CliContext): number {
  return Math.min(110, Math.max(60, context.stdout.columns ?? 100));
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const known = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return known ? String(manifest.version) : "unknown";
}

function report(error: unknown, context: CliContext): number {
  if (error instanceof CommanderError) {
    // Help and version end in an error too, with code 0; commander has already printed whatever there is to say.
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
  if (error instanceof UsageError) {
    context.stderr.write(`btp-cli: ${error.message}\n`);
    return exitCodes.usage;
  }
  if (error instanceof Error && error.name === "AbortError") return exitCodes.interrupted;
  if (error instanceof Error) {
    // Coded errors are ours and say what to do; for others the stack is what helps.
    const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
    context.stderr.write(code ? `btp-cli: ${error.message} [${code}]\n` : `btp-cli: ${error.message}\n`);
    if (context.env.BTP_DEBUG) context.stderr.write(`${error.stack ?? ""}\n`);
    else if (!code) context.stderr.write("Set BTP_DEBUG=1 to see where this happened.\n");
    // Values of options that only the packages below can check.
    return code === "BAD_OPTION" ? exitCodes.usage : exitCodes.failed;
  }
  context.stderr.write(`btp-cli: ${String(error)}\n`);
  return exitCodes.failed;
}

/** `btp-cli predict < big.txt | head -1` closes our stdout early: that is no failure and deserves no stack trace. */
function endQuietlyOnBrokenPipe(context: CliContext): void {
  for (const stream of [context.stdout, context.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(exitCodes.ok);
      throw error;
    });
  }
}

export type { CommandName };

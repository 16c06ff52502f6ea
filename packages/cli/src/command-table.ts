/** Every command: its summary for `btp-cli --help` and where its module is. Modules are loaded only when wanted. */
import type { Command } from "commander";
import type { CliContext } from "./context.js";

export interface CommandModule {
  /** @param rest - the arguments behind the command's name as they were typed, for commands with a parser of their own */
  createCommand(context: CliContext, rest: readonly string[]): Command | Promise<Command>;
}

interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
  /** Whether it asks the other commands for their options, so that all are loaded with it. */
  readonly readsOthers?: true;
}

const table = {
  predict: {
    summary: "classify messages: arguments, lines of a pipe, a file, or a conversation at the terminal",
    load: () => import("./commands/predict.js"),
  },
  train: {
    summary: "train a detector on labelled messages",
    load: () => import("./commands/train.js"),
  },
  distill: {
    summary: "train a compact detector in phases from larger models' scores",
    load: () => import("./commands/distill.js"),
  },
  evaluate: {
    summary: "measure a detector on labelled messages",
    load: () => import("./commands/evaluate.js"),
  },
  dataset: {
    summary: "import, split and look at labelled messages",
    load: () => import("./commands/dataset.js"),
  },
  weights: {
    summary: "download, verify and inspect GPT-2's weights",
    load: () => import("./commands/weights.js"),
  },
  generate: {
    summary: "write text with GPT-2",
    load: () => import("./commands/generate.js"),
  },
  serve: {
    summary: "serve a detector over HTTP",
    load: () => import("./commands/serve.js"),
  },
  export: {
    summary: "write a detector as an ONNX model, for Python, browsers and others",
    load: () => import("./commands/export.js"),
  },
  doctor: {
    summary: "say which engine runs here and why, and what was found on this machine",
    load: () => import("./commands/doctor.js"),
  },
  bench: {
    summary: "measure how fast a detector is here",
    load: () => import("./commands/bench.js"),
  },
  completion: {
    summary: "print a shell's completion script",
    load: () => import("./commands/completion.js"),
    readsOthers: true,
  },
} as const satisfies Record<string, CommandEntry>;

export type CommandName = keyof typeof table;

export const commandTable: Readonly<Record<CommandName, CommandEntry>> = table;

function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(table, name);
}

/** In the order of the table. */
export const commandNames: readonly CommandName[] = Object.keys(table).filter(isCommandName);

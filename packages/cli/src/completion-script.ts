/** Shell completion from a commander program: subcommands alone where there are any, options and their choices, files elsewhere. Pure. */
import type { Command, Option } from "commander";

export const shells = ["bash", "zsh", "fish"] as const;

interface CommandWords {
  /** "weights download"; "" for the program itself. */
  readonly path: string;
  readonly summary: string;
  /** Or the words that its argument may be. */
  readonly commands: readonly string[];
  readonly options: readonly Option[];
}

/** The script is safe to source: names and choices are the program's own, quoted all the same. */
export function completionScript(program: Command, shell: (typeof shells)[number]): string {
  const commands = collect(program, "");
  if (shell === "bash") return bashScript(commands);
  // zsh understands bash's completion functions; one script less to keep right.
  if (shell === "zsh")
    return `#compdef btp-cli\nautoload -Uz bashcompinit && bashcompinit\n${bashScript(commands)}`;
  return fishScript(commands);
}

function collect(command: Command, path: string): CommandWords[] {
  const own: CommandWords = {
    path,
    summary: command.summary() || command.description(),
    commands: [
      ...command.commands.map((child) => child.name()),
      ...command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
    ],
    options: command.options.filter((option) => !option.hidden),
  };
  const below = command.commands.flatMap((child) =>
    collect(child, path === "" ? child.name() : `${path} ${child.name()}`),
  );
  return [own, ...below];
}

function bashScript(commands: readonly CommandWords[]): string {
  const cases = commands.map(({ path, commands: children, options }) => {
    const flags = [...options.flatMap(flagsOf), "--help"].join(" ");
    return `    ${quote(path)}) children=${quote(children.join(" "))} flags=${quote(flags)} ;;`;
  });
  const paths = commands.filter(({ path }) => path !== "").map(({ path }) => quote(path));
  const values = choicesByOption(commands).map(
    ([place, choices]) =>
      `    ${quote(place)}) COMPREPLY=($(compgen -W ${quote(choices)} -- "$current")); return ;;`,
  );
  return `_btp_cli() {
  local current previous path children flags i
  current="\${COMP_WORDS[COMP_CWORD]}"
  previous="\${COMP_WORDS[COMP_CWORD-1]}"
  path=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
      ${paths.join("|")}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path $previous" in
${values.join("\n")}
  esac
  case "$path" in
${cases.join("\n")}
  esac
  if [[ "$current" == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [[ -n "$children" ]]; then
    compopt +o filenames 2>/dev/null # a folder called like a command is not meant
    COMPREPLY=($(compgen -W "$children" -- "$current"))
  else COMPREPLY=($(compgen -W "$flags" -- "$current") $(compgen -f -- "$current")); fi
}
complete -o filenames -F _btp_cli btp-cli
`;
}

function fishScript(commands: readonly CommandWords[]): string {
  const lines: string[] = [];
  for (const { path, commands: children, options } of commands) {
    const inside = path === "" ? "__fish_use_subcommand" : seen(path.split(" "));
    const before = children.length > 0 && path !== "" ? `; and not ${seen([children.join(" ")])}` : "";
    for (const child of children) {
      const summary =
        commands.find((command) => command.path === (path === "" ? child : `${path} ${child}`))?.summary ??
        "";
      lines.push(
        `complete -c btp-cli -n ${quote(inside + before)} -f -a ${quote(child)} -d ${quote(summary)}`,
      );
    }
    for (const option of options) {
      const long = option.long ? ` -l ${option.long.slice(2)}` : "";
      const short = option.short ? ` -s ${option.short.slice(1)}` : "";
      const values = option.argChoices
        ? ` -xa ${quote(option.argChoices.join(" "))}`
        : option.required
          ? " -r"
          : "";
      lines.push(
        `complete -c btp-cli -n ${quote(inside)}${long}${short}${values} -d ${quote(option.description)}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

/** A condition of fish: all of these were typed. */
const seen = (words: readonly string[]): string =>
  words.map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");

/** "train --preset" and its values: one option may take others in another command. */
function choicesByOption(commands: readonly CommandWords[]): [string, string][] {
  return commands.flatMap(({ path, options }) =>
    options.flatMap(({ long, argChoices }): [string, string][] =>
      long && argChoices ? [[`${path} ${long}`, argChoices.join(" ")]] : [],
    ),
  );
}

function flagsOf(option: Option): string[] {
  return option.long ? [option.long] : [];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Shell completion from a commander program: subcommands, options, the choices of an option, files elsewhere. Pure. */
import type { Command, Option } from "commander";

export const shells = ["bash", "zsh", "fish"] as const;

interface CommandWords {
  /** "weights download"; "" for the program itself. */
  readonly path: string;
  readonly summary: string;
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
    commands: command.commands.map((child) => child.name()),
    options: command.options.filter((option) => !option.hidden),
  };
  const below = command.commands.flatMap((child) =>
    collect(child, path === "" ? child.name() : `${path} ${child.name()}`),
  );
  return [own, ...below];
}

function bashScript(commands: readonly CommandWords[]): string {
  const cases = commands.map(({ path, commands: children, options }) => {
    const words = [...children, ...options.flatMap(flagsOf), "--help"].join(" ");
    return `    ${quote(path)}) words=${quote(words)} ;;`;
  });
  const paths = commands.filter(({ path }) => path !== "").map(({ path }) => quote(path));
  const values = uniqueChoices(commands).map(
    ([flag, choices]) => `    ${flag}) COMPREPLY=($(compgen -W ${quote(choices)} -- "$current")); return ;;`,
  );
  return `_btp_cli() {
  local current previous path words i
  current="\${COMP_WORDS[COMP_CWORD]}"
  previous="\${COMP_WORDS[COMP_CWORD-1]}"
  case "$previous" in
${values.join("\n")}
  esac
  path=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
      ${paths.join("|")}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  if [[ "$current" == -* || -z "$path" ]]; then COMPREPLY=($(compgen -W "$words" -- "$current"))
  else COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current")); fi
}
complete -o filenames -F _btp_cli btp-cli
`;
}

function fishScript(commands: readonly CommandWords[]): string {
  const lines: string[] = [];
  for (const { path, commands: children, options } of commands) {
    const inside =
      path === "" ? "__fish_use_subcommand" : `__fish_seen_subcommand_from ${path.split(" ").at(-1)}`;
    for (const child of children) {
      const summary =
        commands.find((command) => command.path === (path === "" ? child : `${path} ${child}`))?.summary ??
        "";
      lines.push(`complete -c btp-cli -n ${quote(inside)} -f -a ${quote(child)} -d ${quote(summary)}`);
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

function uniqueChoices(commands: readonly CommandWords[]): [string, string][] {
  const found = new Map<string, string>();
  for (const { options } of commands) {
    for (const option of options) {
      if (option.long && option.argChoices) found.set(option.long, option.argChoices.join(" "));
    }
  }
  return [...found];
}

function flagsOf(option: Option): string[] {
  return option.long ? [option.long] : [];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

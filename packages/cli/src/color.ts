/**
 * Colours for terminals. NO_COLOR (no-color.org) switches them off, FORCE_COLOR on, else a stream that is a terminal
 * has them. Not for --json output, which never has any.
 */
export interface Colors {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  /** Background: redder the nearer `amount` is to 1, greener the nearer to -1, none near 0. */
  heat(text: string, amount: number): string;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function wantsColor(stream: { readonly isTTY?: boolean }, env: Environment): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== "0";
  return stream.isTTY === true && env.TERM !== "dumb";
}

export function createColors(enabled: boolean): Colors {
  const paint = (open: string, close: string) => (text: string) =>
    enabled ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    bold: paint("1", "22"),
    dim: paint("2", "22"),
    red: paint("31", "39"),
    green: paint("32", "39"),
    yellow: paint("33", "39"),
    heat: (text, amount) => (enabled ? heat(text, amount) : text),
  };
}

/** The 256-colour cube's reds and greens, in three steps: pale ones would be unreadable on dark terminals. */
function heat(text: string, amount: number): string {
  const strength = Math.min(1, Math.abs(amount));
  if (strength < 0.1) return text;
  const step = strength < 0.35 ? 0 : strength < 0.7 ? 1 : 2;
  const background = amount > 0 ? [52, 88, 124][step] : [22, 28, 34][step];
  return `\u001b[97;48;5;${background}m${text}\u001b[39;49m`;
}

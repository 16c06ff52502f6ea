/** Ends a stream of text where a stop string begins, though the string may come in several pieces. */

export class StopFilter {
  readonly #stops: readonly string[];
  #held = "";
  #stopped = false;

  /** @param stops - the text ends before the first that occurs; empty ones are left out */
  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop.length > 0);
  }

  /** Whether a stop string has occurred. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** @returns what is certainly not part of a stop string */
  push(text: string): string {
    if (this.#stopped) return "";
    const whole = this.#held + text;
    const found = this.#stops.map((stop) => whole.indexOf(stop)).filter((at) => at >= 0);
    this.#stopped = found.length > 0;
    const end = this.#stopped ? Math.min(...found) : whole.length - this.#undecided(whole);
    this.#held = this.#stopped ? "" : whole.slice(end);
    return whole.slice(0, end);
  }

  /** @returns what was held back, when no more text comes */
  finish(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }

  /** Length of the longest end of the text that a stop string may begin with. */
  #undecided(text: string): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}

/** Reads the choice of an engine from text: an option or an environment variable. */
import { JitError } from "../errors.js";
import type { EngineChoice } from "./engine.js";

export const ENGINE_CHOICES = [
  "auto",
  "jit",
  "tfjs-node-gpu",
  "tfjs-node",
  "tfjs-cpu",
] as const satisfies readonly EngineChoice[];

/** @throws {JitError} ENGINE_UNKNOWN */
export function parseEngineChoice(text: string): EngineChoice {
  const choice = ENGINE_CHOICES.find((name) => name === text);
  if (choice === undefined) {
    throw new JitError(
      "ENGINE_UNKNOWN",
      `no engine is called "${text}"; choose ${ENGINE_CHOICES.join(", ")}`,
    );
  }
  return choice;
}

/**
 * The choice in BTP_ENGINE, `auto` when it is unset or empty. For the edge of a program; libraries take the choice as
 * an argument.
 */
export function engineChoiceFromEnvironment(
  environment: { readonly BTP_ENGINE?: string | undefined } = process.env,
): EngineChoice {
  const text = environment.BTP_ENGINE;
  return text === undefined || text === "" ? "auto" : parseEngineChoice(text);
}

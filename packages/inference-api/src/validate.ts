/** Checks a body against its schema; the faults become INVALID_REQUEST with a pointer to each field. */
import type { z } from "zod";
import { ApiError, type FieldError } from "./errors.js";

const MOST_REPORTED = 20;

/**
 * @param sizes - arrays whose length is checked before the schema looks at every element of a hostile one
 * @throws {ApiError} INVALID_REQUEST
 */
export function validate<S extends z.ZodType>(
  schema: S,
  body: unknown,
  sizes: Readonly<Record<string, number>> = {},
): z.infer<S> {
  for (const [key, most] of Object.entries(sizes)) {
    const value: unknown = typeof body === "object" && body !== null ? Reflect.get(body, key) : undefined;
    if (Array.isArray(value) && value.length > most) {
      throw invalid([
        { pointer: `/${key}`, detail: `expected at most ${most} elements, got ${value.length}` },
      ]);
    }
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw invalid(
    parsed.error.issues.slice(0, MOST_REPORTED).map((issue) => ({
      pointer: issue.path.map((part) => `/${escapePointer(String(part))}`).join(""),
      detail: issue.code === "unrecognized_keys" ? unknownKeys(issue.keys) : faultOf(issue, body),
    })),
  );
}

/** The detail says the first faults itself: many clients show nothing else. */
function invalid(errors: readonly FieldError[]): ApiError {
  const told = errors
    .slice(0, 3)
    .map(({ pointer, detail }) => (pointer === "" ? detail : `${pointer}: ${detail}`));
  const more = errors.length > 3 ? `; and ${errors.length - 3} more, see "errors"` : "";
  return new ApiError("INVALID_REQUEST", `${told.join("; ")}${more}`, { errors });
}

/** A field that is not there is called missing; zod would say that undefined is no string. */
function faultOf(issue: z.core.$ZodIssue, body: unknown): string {
  const last = issue.path.at(-1);
  if (issue.code !== "invalid_type" || last === undefined) return issue.message;
  const parent = issue.path
    .slice(0, -1)
    .reduce<unknown>((value, part) => (isObject(value) ? Reflect.get(value, part) : undefined), body);
  if (!isObject(parent) || Object.hasOwn(parent, last)) return issue.message;
  return `required field "${String(last).slice(0, 40)}" is missing; expected ${issue.expected}`;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function unknownKeys(keys: readonly string[]): string {
  const shown = keys.slice(0, 5).map((key) => `"${key.slice(0, 40)}"`);
  return `unknown field ${shown.join(", ")}${keys.length > 5 ? ` and ${keys.length - 5} more` : ""}`;
}

/** RFC 6901; long keys of hostile bodies are cut. */
function escapePointer(part: string): string {
  return part.slice(0, 80).replaceAll("~", "~0").replaceAll("/", "~1");
}

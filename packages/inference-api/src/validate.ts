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
      detail: issue.code === "unrecognized_keys" ? unknownKeys(issue.keys) : issue.message,
    })),
  );
}

function invalid(errors: readonly FieldError[]): ApiError {
  return new ApiError(
    "INVALID_REQUEST",
    `${errors.length === 1 ? "one field is" : "some fields are"} wrong`,
    { errors },
  );
}

function unknownKeys(keys: readonly string[]): string {
  const shown = keys.slice(0, 5).map((key) => `"${key.slice(0, 40)}"`);
  return `unknown field ${shown.join(", ")}${keys.length > 5 ? ` and ${keys.length - 5} more` : ""}`;
}

/** RFC 6901; long keys of hostile bodies are cut. */
function escapePointer(part: string): string {
  return part.slice(0, 80).replaceAll("~", "~0").replaceAll("/", "~1");
}

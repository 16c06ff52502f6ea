import { describe, expect, it } from "vitest";
import { ApiError } from "./errors.js";
import { createRequestSchemas } from "./schemas.js";
import { validate } from "./validate.js";

const { detectRequest, batchRequest } = createRequestSchemas({ maxBatchMessages: 4 });

function refusal(run: () => unknown): ApiError {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("expected a refusal");
}

describe("validate", () => {
  it("says that message is missing and that text is not known, in the detail and in errors", () => {
    const error = refusal(() => validate(detectRequest, { text: "canary" }));
    expect(error.code).toBe("INVALID_REQUEST");
    expect(error.message).toContain('required field "message" is missing');
    expect(error.message).toContain('unknown field "text"');
    expect(error.extras.errors?.map(({ pointer }) => pointer)).toEqual(["/message", ""]);
    expect(JSON.stringify([error.message, error.extras.errors])).not.toContain("canary");
  });

  it("tells a wrong type from a missing field, without the value", () => {
    const error = refusal(() => validate(batchRequest, { messages: [1234567, "b"] }));
    expect(error.message).toMatch(/^\/messages\/0: .*expected string/);
    expect(error.message).not.toMatch(/1234567|missing/);
  });

  it("counts the faults that the detail leaves out", () => {
    const error = refusal(() => validate(batchRequest, { messages: [1, 2, 3, 4] }));
    expect(error.message).toMatch(/and 1 more, see "errors"$/);
  });
});

/** Finds the base that a delta was trained on: in the weights cache by its published name, or at a path. Never downloads. */
import { loadGpt2, resolveBase, WeightsError } from "@btp/weights-gpt2";
import type { BaseResolver } from "./artifact/delta.js";
import { DetectorError } from "./errors.js";

/** @throws {DetectorError} BASE_NOT_FOUND */
export const findBaseOffline: BaseResolver = async ({ name }) => {
  try {
    const { params } = await loadGpt2(await resolveBase(name, { offline: true }));
    return params;
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    throw new DetectorError(
      "BASE_NOT_FOUND",
      `This detector is a delta on the base ${JSON.stringify(name)}, which is not here: ${error.message} \`btp-cli weights download ${name}\` fetches a published one.`,
      { cause: error },
    );
  }
};

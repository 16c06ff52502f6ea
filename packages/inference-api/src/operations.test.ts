/** docs/operations.md promises every metric, limit and error code: it is checked against the code. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { flagTable } from "./config.js";
import { createMetrics } from "./metrics.js";
import { ERROR_TABLE } from "./problem.js";

const page = readFileSync(new URL("../../../docs/operations.md", import.meta.url), "utf8");

describe("the operations page", () => {
  it("has a row for each flag with its default and meaning", () => {
    for (const { key, flag, fallback, description } of flagTable()) {
      const row = page.split("\n").find((line) => line.startsWith(`| \`--${flag}\` |`));
      expect(row, `no row for --${flag}`).toBeDefined();
      expect(row).toContain(description);
      // These two depend on the machine.
      const isFixed =
        fallback !== undefined && !Array.isArray(fallback) && key !== "workers" && key !== "threads";
      if (isFixed) expect(row).toContain(`\`${fallback}\``);
    }
  });

  it("has a row for each error with its status", () => {
    for (const [code, { status, title }] of Object.entries(ERROR_TABLE)) {
      expect(page).toContain(`| \`${code}\` | ${status} | ${title}`);
    }
  });

  it("names each metric", () => {
    const metrics = createMetrics();
    metrics.readUsing({ queueDepth: () => 0, workers: () => ({ ready: 0, busy: 0, total: 0 }) });
    for (const { name } of metrics.registry.getMetricsAsArray()) {
      if (!/^btp_(process|nodejs)_/.test(name)) expect(page).toContain(name);
    }
  });
});

import { defineConfig } from "vitest/config";

/** Tests run from source: workspace packages resolve to their src through the "@btp/source" export condition. */
export default defineConfig({
  resolve: { conditions: ["@btp/source"] },
  ssr: { resolve: { conditions: ["@btp/source"] } },
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

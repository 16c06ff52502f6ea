import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repositoryRoot, sharedFolder } from "./shared-folder.js";

describe("repositoryRoot", () => {
  it("is the folder of the workspace", () => {
    expect(existsSync(join(repositoryRoot(), "packages", "test-kit", "package.json"))).toBe(true);
  });
});

describe("sharedFolder", () => {
  it("is null for what is not there", () => {
    expect(sharedFolder("no such folder")).toBeNull();
  });
});

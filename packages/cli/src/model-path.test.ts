import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findModel } from "./model-path.js";

let folder: string;
const put = async (path: string): Promise<string> => {
  await mkdir(join(folder, path), { recursive: true });
  await writeFile(join(folder, path, "config.json"), "{}");
  return join(folder, path);
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "btp-models-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("finds the default in the clone first, else in the package, and one's own models/ before both", async () => {
  const [clone, published] = [join(folder, "clone"), join(folder, "package")];
  const find = (wanted?: string) => findModel(wanted, join(folder, "cwd"), [clone, published]);
  const packaged = await put("package/btp-mini");
  expect(find()).toBe(packaged);
  const cloned = await put("clone/btp-mini");
  expect(find()).toBe(cloned);
  expect(find("btp-mini")).toBe(cloned);
  const own = await put("cwd/models/btp-mini");
  expect(find()).toBe(own);
});

it("takes a path as a path alone, and says where it looked", async () => {
  const [clone] = [join(folder, "clone")];
  expect(() => findModel("./btp-mini", join(folder, "nowhere"), [clone])).toThrow(
    expect.objectContaining({ code: "MODEL_NOT_FOUND", message: expect.stringContaining("nowhere") }),
  );
});

it("names ways on where the default is missing", () => {
  expect(() => findModel(undefined, join(folder, "nowhere"), [])).toThrow(
    expect.objectContaining({
      code: "MODEL_NOT_FOUND",
      message: expect.stringMatching(/npm run quickstart.*--model models\/quickstart.*btp-cli train/),
    }),
  );
});

it.each([
  ["train", {}],
  ["distill", { request: { recipe: "recipe.json" } }],
])("tells how to go on with an interrupted %s", async (command, more) => {
  const cwd = join(folder, "interrupted");
  const checkpoint = join(cwd, "models", command, "checkpoint");
  await mkdir(checkpoint, { recursive: true });
  const stored = { checkpoint: { format: "btp-training-checkpoint", ...more } };
  await writeFile(join(checkpoint, "checkpoint.json"), JSON.stringify(stored));
  for (const wanted of [command, `models/${command}`, join(cwd, "models", command)])
    expect(() => findModel(wanted, cwd, [])).toThrow(
      expect.objectContaining({
        code: "MODEL_UNFINISHED",
        message: expect.stringContaining(`\`btp-cli ${command} --resume --out models/${command}\``),
      }),
    );
  const elsewhere = join(cwd, "models", command);
  expect(() => findModel(elsewhere, folder.replace(/[^/\\]+$/, ""), [])).toThrow(
    /--resume --out .*interrupted/,
  );
});

// The example, used: exports the toy of docs/how-gpt-works.md, builds the site, opens it in headless Chromium, and compares
// the page's scores with the detector's own. Any request that leaves the page's origin is a failure.
//   node examples/browser/test.mjs [screenshot.png]
// Says "skipped" and why where onnxruntime-web, playwright-core or Chromium is not installed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exportDetector, loadDetector } from "@btp/detector";
import { serveFolder } from "./serve.mjs";

const messages = [
  "You are not clever but stupid",
  "You are not stupid but clever",
  "",
  " \u200b ",
  "Ünïcödé 😀 ".repeat(30),
];
const toy = fileURLToPath(new URL("../how-gpt-works/toy", import.meta.url));
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

const reason = missing();
if (reason) process.stdout.write(`skipped: ${reason}\n`);
else await testPage();

function missing() {
  const { resolve } = createRequire(import.meta.url);
  for (const name of ["onnxruntime-web", "playwright-core"]) {
    try {
      resolve(name);
    } catch {
      return `${name} is not installed`;
    }
  }
  return existsSync(executablePath) ? undefined : `there is no Chromium at ${executablePath}`;
}

async function testPage() {
  const { chromium } = await import("playwright-core");
  const folder = await mkdtemp(join(tmpdir(), "btp-browser-"));
  const closers = [() => rm(folder, { recursive: true, force: true })];
  try {
    await exportDetector(toy, join(folder, "toy.onnx"));
    const build = fileURLToPath(new URL("build.mjs", import.meta.url));
    execFileSync(process.execPath, [build, join(folder, "toy.onnx"), join(folder, "site")], {
      stdio: "ignore",
    });
    const server = await serveFolder(join(folder, "site"), 0);
    closers.unshift(() => server.close());
    const origin = `http://127.0.0.1:${server.address().port}`;
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
    closers.unshift(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 760, height: 620 } });
    const elsewhere = [];
    const errors = [];
    page.on("request", (request) => {
      const url = request.url();
      if (!/^(data|blob):/.test(url) && new URL(url).origin !== origin) elsewhere.push(url);
    });
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(origin);
    await page.locator("button:enabled").waitFor({ timeout: 60_000 });

    const detector = await loadDetector(toy);
    const wanted = await detector.detect(messages);
    await detector.dispose();
    for (const [i, message] of messages.entries()) {
      await page.fill("#message", message);
      await page.evaluate(() => {
        document.getElementById("details").textContent = "";
      });
      await page.click("button");
      await page.waitForFunction(() => document.getElementById("details").textContent !== "");
      assert.equal(await page.textContent("#label"), wanted[i].label);
      const score = await page.evaluate(() => document.getElementById("score").value);
      // float32 rounding
      assert.ok(Math.abs(score - wanted[i].score) < 1e-5, `score ${score}, not ${wanted[i].score}`);
      assert.match(await page.textContent("#details"), new RegExp(`\\b${wanted[i].tokens} tokens`));
    }
    if (process.argv[2]) {
      await page.fill("#message", messages[0]);
      await page.click("button");
      await page.screenshot({ path: process.argv[2] });
    }
    assert.deepEqual(errors, []);
    assert.deepEqual(elsewhere, []);
    process.stdout.write(
      `${messages.length} messages: the page's scores are the detector's; nothing left the page\n`,
    );
  } finally {
    for (const close of closers) await close();
  }
}

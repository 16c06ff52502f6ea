// Takes the picture of the page for the README: node tools/screenshot.mjs URL FILE [CHROMIUM]
// The server at URL must be running, with the detector whose answers are to be seen.
import { chromium } from "playwright-core";

const [url = "http://127.0.0.1:8000", file = "try-page.png", executablePath = "/usr/bin/chromium"] =
  process.argv.slice(2);
const args = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run"];
args.push("--disable-background-networking", "--disable-component-update", "--disable-sync");
const browser = await chromium.launch({ executablePath, args });
const page = await browser.newPage({ viewport: { width: 1100, height: 840 } });
await page.goto(url);
for (const chip of [1, 2, 0]) {
  await page.locator(".chip").nth(chip).click();
  await page.locator("#recent li").nth([1, 2, 0].indexOf(chip)).waitFor();
}
await page.locator("#message").focus();
await page.screenshot({ path: file, fullPage: true });
await browser.close();

/** The page in a real browser: only what this server serves, only the keyboard. Skipped where no Chromium is installed. */
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fakeDetection } from "./testing/fake-detector.js";
import { startTestServer, type TestServer } from "./testing/test-server.js";

const executablePath = [process.env.BTP_CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"].find(
  (path) => path !== undefined && existsSync(path),
);
if (executablePath === undefined)
  process.stderr.write("page.test: skipped, no Chromium found (set BTP_CHROMIUM)\n");

const ARGUMENTS = [
  "--no-sandbox",
  "--headless",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

describe.skipIf(executablePath === undefined)("the page in Chromium", () => {
  let server: TestServer;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];
  const foreign: string[] = [];

  beforeAll(async () => {
    server = await startTestServer({ apiKeys: [] }, { name: "btp-fake" });
    browser = await chromium.launch({ executablePath: executablePath ?? "", args: ARGUMENTS });
    page = await browser.newPage({ viewport: { width: 1120, height: 860 } });
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (line) => {
      if (line.type() === "error") faults.push(line.text());
    });
    page.on("request", (request) => {
      if (
        !request.url().startsWith(server.url) &&
        !request.url().startsWith("data:") &&
        !request.url().startsWith("blob:")
      )
        foreign.push(request.url());
    });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it("answers a typed message by keyboard alone, and shows decision, score and threshold", async () => {
    await page.goto(server.url);
    await page.getByLabel("Message", { exact: true }).focus();
    const text = "You are so stupid <b>nobody</b> likes you";
    await page.keyboard.type(text);
    await page.keyboard.press("Control+Enter");
    const { score, isCyberbullying } = fakeDetection("btp-fake", text);
    await page.getByRole("img", { name: `Score ${score.toFixed(3)}, threshold 0.50` }).waitFor();
    const verdict = await page.locator("#verdict").textContent();
    expect(verdict).toBe(isCyberbullying ? "Cyberbullying" : "Not cyberbullying");
    // Markup in a message is shown as text.
    expect(await page.locator("#recent .text").first().textContent()).toBe(text);
    expect(await page.locator("#recent b").count()).toBe(0);
  });

  it("reaches every control with the Tab key", async () => {
    await page.goto(server.url);
    const reached = new Set<string>();
    for (let i = 0; i < 14; i++) {
      await page.keyboard.press("Tab");
      reached.add(
        await page.evaluate("(document.activeElement.id || document.activeElement.textContent || '').trim()"),
      );
    }
    for (const name of ["message", "Options", "check", "API", "Nobody likes you, just leave."]) {
      expect([...reached]).toContain(name);
    }
  });

  it("lets the threshold be moved, and says so when there is nothing to check", async () => {
    await page.goto(server.url);
    await page.getByRole("button", { name: "Check message" }).press("Enter");
    await page.getByRole("alert").waitFor();
    await page.getByText("Options").press("Enter");
    await page.locator("#threshold").press("End");
    await page.locator("#message").fill("anything");
    await page.locator("#message").press("Control+Enter");
    await page.getByRole("img", { name: /threshold 1\.00/ }).waitFor();
    expect(await page.locator("#verdict").textContent()).toBe("Not cyberbullying");
  });

  it("names every field and heading for screen readers", async () => {
    await page.goto(server.url);
    const unnamed = await page.evaluate(
      "[...document.querySelectorAll('input,textarea')].filter((field) => field.labels.length === 0).map((field) => field.id)",
    );
    expect(unnamed).toEqual([]);
    expect(await page.locator("h1").count()).toBe(1);
    expect(await page.locator("#answer").getAttribute("aria-live")).toBe("polite");
  });

  it("shows Swagger UI and ReDoc without any other host", async () => {
    await page.goto(`${server.url}/docs`);
    await page.getByText("Judge one message").waitFor();
    await page.goto(`${server.url}/redoc`);
    await page.getByRole("heading", { name: /BTP: cyberbullying detection/ }).waitFor();
  });

  it("caused no error, and asked for nothing elsewhere but ReDoc's logo, which its policy blocks", () => {
    const isLogo = (text: string) => text.includes("cdn.redoc.ly");
    expect(faults.filter((text) => !isLogo(text))).toEqual([]);
    expect(foreign.filter((url) => !isLogo(url))).toEqual([]);
  });
});

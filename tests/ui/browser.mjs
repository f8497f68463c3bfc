// Chromium, and people in it: each a context of their own, with everything that goes wrong written down.

import { createRequire } from "node:module";
import { readFile, mkdir, rm, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];

export function assert(holds, message) {
  if (!holds) throw new Error(message);
}

export function equal(found, expected, what) {
  assert(JSON.stringify(found) === JSON.stringify(expected),
    `${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
}

/// Waits until something holds: machines are slow, and nothing is said about how slow.
export async function until(what, condition, seconds = 30) {
  const patience = Number(process.env.PICKET_PATIENCE ?? "1");
  const end = Date.now() + seconds * 1000 * patience;
  for (;;) {
    const found = await condition();
    if (found) return found;
    assert(Date.now() < end, `waited in vain for ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

class House {
  constructor(browser, axe, data) {
    this.browser = browser;
    this.axe = axe;
    this.data = data;
    this.url = process.env.PICKET_UI_URL;
    this.links = JSON.parse(process.env.PICKET_UI_LINKS);
    this.shop = process.env.PICKET_UI_SHOP;
    this.shots = process.env.PICKET_UI_SHOTS;
    this.cookies = {};
    /// Paths of single things, by the page that lists them.
    this.singles = new Map();
    this.contexts = [];
  }

  /// A browser of somebody who is logged in with a role; with none of nobody.
  async somebody(role, options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    this.contexts.push(context);
    if (role) {
      if (!this.cookies[role]) {
        const page = await context.newPage();
        await page.goto(this.links[role]);
        await page.getByRole("button", { name: "Log in" }).click();
        await page.waitForURL(`${this.url}/`);
        await page.close();
        this.cookies[role] = (await context.cookies()).filter((cookie) => cookie.name === "__Host-picket");
        equal(this.cookies[role].length, 1, "cookies of the session");
      }
      await context.addCookies(this.cookies[role]);
    }
    return context;
  }

  /// A page whose mistakes are written down: `page.mistakes`.
  async page(role, options = {}) {
    const context = await this.somebody(role, options);
    const page = await context.newPage();
    page.mistakes = [];
    page.elsewhere = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) page.mistakes.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => page.mistakes.push(`script: ${error.message}`));
    page.on("requestfailed", (request) => {
      // What a page leaves behind when it goes is no failure.
      const why = request.failure()?.errorText;
      if (why !== "net::ERR_ABORTED") page.mistakes.push(`request: ${request.url()} ${why}`);
    });
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(this.url) && !url.startsWith("data:")) page.elsewhere.push(url);
    });
    return page;
  }

  /// Paths of all pages: those of the list on the left, and one of each single thing.
  async paths() {
    const page = await this.page("admin");
    await page.goto(this.url);
    const paths = await page.locator("nav.side .groups a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    for (const list of ["/signals?from=-30d", "/events?query=@matches:*", "/actors", "/users?from=-30d", "/services", "/rules", "/rules/detection"]) {
      await page.goto(this.url + list);
      const first = await page.locator("#rows a.open").first().getAttribute("href");
      paths.push(first);
      this.singles.set(first, list.split("?")[0]);
    }
    paths.push("/rules/detection", "/rules/detection/edit", "/rules/try?past=yes", "/rules/exclusions", "/rules/exclusions/new?rule=picket-xss-001",
      "/protection/denylist", "/protection/passlist?find=0", "/settings/notifications", "/settings/tokens", "/settings/kernel");
    await page.context().close();
    return [...new Set(paths)];
  }

  async tidy() {
    for (const context of this.contexts.splice(0)) await context.close();
  }

  async end() {
    await this.tidy();
    await this.browser.close();
    await rm(this.data, { recursive: true, force: true });
  }
}

export async function begin() {
  const require = createRequire(path.join(process.env.PICKET_UI_PACKAGES, "index.js"));
  const { chromium } = require("playwright-core");
  const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
  const data = await mkdtemp(path.join(tmpdir(), "picket-ui-"));
  if (process.env.PICKET_UI_SHOTS) await mkdir(process.env.PICKET_UI_SHOTS, { recursive: true });
  const executablePath = process.env.PICKET_CHROMIUM ?? "/usr/bin/chromium";
  const env = { ...process.env, HOME: data, XDG_CONFIG_HOME: data, XDG_CACHE_HOME: data };
  const browser = await chromium.launch({ executablePath, headless: true, args: FLAGS, env, timeout: 120_000 });
  const house = new House(browser, axe, data);
  // Links are good for a minute.
  for (const role of Object.keys(house.links)) await house.somebody(role);
  await house.tidy();
  return house;
}

// Every page: nothing goes wrong, nothing is loaded from elsewhere, nothing is broken, everybody can use it.

import { writeFile } from "node:fs/promises";
import path from "node:path";
import { assert, equal } from "./browser.mjs";

/// Bytes of a page with all that it loads, as they cross the network.
const MOST = 200 * 1024;

export const checks = [
  ["pages/clean", async (house) => {
    const paths = await house.paths();
    let heaviest = 0;
    for (const target of paths) {
      const page = await house.page("admin");
      const session = await page.context().newCDPSession(page);
      await session.send("Network.enable");
      let weight = 0;
      session.on("Network.loadingFinished", (event) => { weight += event.encodedDataLength; });
      const response = await page.goto(house.url + target, { waitUntil: "networkidle" });
      equal(response.status(), 200, target);
      equal(page.mistakes, [], `mistakes on ${target}`);
      equal(page.elsewhere, [], `what ${target} loads from elsewhere`);
      assert(weight < MOST, `${target} weighs ${weight} bytes`);
      heaviest = Math.max(heaviest, weight);
      await page.context().close();
    }
    assert(paths.length >= 9, `only ${paths.length} pages`);
    return `${paths.length} pages, the heaviest ${(heaviest / 1024).toFixed(0)} KiB`;
  }],
  ["pages/links", async (house) => {
    const page = await house.page("admin");
    const seen = new Set();
    for (const target of await house.paths()) {
      await page.goto(house.url + target);
      const links = await page.locator("a[href]").evaluateAll((found) => found.map((link) => link.getAttribute("href")));
      // One of each path: parameters make no other page.
      for (const link of links) if (link.startsWith("/")) seen.add(link);
    }
    const one = new Map([...seen].map((link) => [link.split("?")[0].replace(/[0-9a-f]{8}-[0-9a-f-]+|\d+\.\d+\.\d+\.\d+/, "*"), link]));
    for (const link of one.values()) {
      const answer = await page.context().request.get(house.url + link);
      equal(answer.status(), 200, link);
    }
    assert(one.size >= 9, `only ${one.size} links`);
    return `${seen.size} links, ${one.size} kinds`;
  }],
  ["pages/accessible", async (house) => {
    let looked = 0;
    const paths = await house.paths();
    for (const colorScheme of ["light", "dark"]) {
      for (const target of [...paths, "/login"]) {
        const page = await house.page(target === "/login" ? null : "admin", { colorScheme });
        await page.goto(house.url + target);
        // The policy of the page does not hold for what the browser's debugger runs.
        await page.evaluate(house.axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
        const serious = violations.filter((violation) => ["serious", "critical"].includes(violation.impact));
        const said = serious.map((violation) => `${violation.id}: ${violation.nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
        equal(said, [], `${target} in ${colorScheme}`);
        looked += 1;
        await page.context().close();
      }
    }
    return `${looked} looks`;
  }],
  ["pages/narrow", async (house) => {
    for (const target of await house.paths()) {
      const page = await house.page("admin", { viewport: { width: 360, height: 740 } });
      await page.goto(house.url + target);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert(width <= 360, `${target} is ${width} wide on a telephone`);
      await page.context().close();
    }
  }],
  ["pages/without-a-script", async (house) => {
    const paths = await house.paths();
    for (const target of paths) {
      const page = await house.page("admin", { javaScriptEnabled: false });
      const response = await page.goto(house.url + target);
      equal(response.status(), 200, target);
      assert((await page.locator("h1").textContent()).trim().length > 0, `${target} has no title`);
      equal(await page.locator("[data-live]:visible, [data-fresh-switch]:visible").count(), 0, `buttons on ${target} that do nothing without a script`);
      await page.context().close();
    }
    return `${paths.length} pages`;
  }],
  ["pages/hostile", async (house) => {
    // What the scenario's attacker sent stands in these pages, and did not run.
    let shown = 0;
    for (const target of await house.paths()) {
      const page = await house.page("admin");
      await page.goto(house.url + target);
      equal(await page.evaluate(() => globalThis.zqx), undefined, `a script of an attacker ran on ${target}`);
      if ((await page.content()).includes("zqx")) shown += 1;
      await page.context().close();
    }
    assert(shown > 0, "what the attacker sent is nowhere to be seen");
    return `seen on ${shown} pages`;
  }],
  ["pages/pictures", async (house) => {
    if (!house.shots) return "none asked for";
    const names = named(house, [...await house.paths(), "/login"]);
    for (const [target, name] of names) {
      for (const colorScheme of ["light", "dark"]) {
        for (const [window, width, height] of [["wide", 1440, 900], ["narrow", 390, 844]]) {
          const page = await house.page(target === "/login" ? null : "admin", { colorScheme, viewport: { width, height } });
          await page.goto(house.url + target);
          await writeFile(path.join(house.shots, `${name}-${colorScheme}-${window}.png`), await page.screenshot({ fullPage: true }));
          await page.context().close();
        }
      }
    }
    return `${names.size * 4} pictures of ${names.size} pages`;
  }],
];

/// What pictures of paths are called: as the path, that of a single thing as its list, and no two alike.
function named(house, paths) {
  const names = new Map();
  const taken = new Set();
  for (const target of paths) {
    const { pathname, searchParams } = new URL(target, house.url);
    const list = house.singles.get(target);
    let name = (list ? `${list}/one` : pathname).split("/").filter(Boolean).join("-") || "overview";
    if (taken.has(name)) name += [...searchParams.keys()].map((key) => `-${key}`).join("");
    assert(!taken.has(name), `two pages would have the picture ${name}`);
    taken.add(name);
    names.set(target, name);
  }
  return names;
}

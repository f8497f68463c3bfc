// A browser for `cargo xtask bench ui`: each line of its input asks something, each line of its output answers.
// The environment is that of main.mjs.

import { createInterface } from "node:readline";
import { assert, begin, until } from "./browser.mjs";

const house = await begin();
let shown = [];

/// A page of its own, with empty caches.
async function visit({ path }) {
  const page = await house.page("admin");
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  let bytes = 0;
  session.on("Network.loadingFinished", (event) => { bytes += event.encodedDataLength; });
  const response = await page.goto(house.url + path, { waitUntil: "load" });
  assert(response.status() === 200, `${path} gave ${response.status()}`);
  const times = await page.evaluate(() => new Promise((done) => {
    const painted = [];
    new PerformanceObserver((list) => painted.push(...list.getEntries().map((entry) => entry.startTime)))
      .observe({ type: "largest-contentful-paint", buffered: true });
    // After a frame that was drawn when all was there.
    requestAnimationFrame(() => setTimeout(() => {
      const [navigation] = performance.getEntriesByType("navigation");
      const paints = performance.getEntriesByType("paint").map((entry) => entry.startTime);
      done({ first_byte: navigation.responseStart, drawn: Math.max(navigation.loadEventEnd, ...paints, ...painted) });
    }));
  }));
  assert(page.mistakes.length === 0, `${path}: ${page.mistakes.join("; ")}`);
  await page.context().close();
  house.contexts.length = 0;
  return { ...times, bytes };
}

/// Where the rows of a list lead to.
async function rows({ path }) {
  const page = await house.page("admin");
  await page.goto(house.url + path);
  const links = await page.locator("#rows a.open").evaluateAll((found) => found.map((link) => link.getAttribute("href")));
  await house.tidy();
  return links;
}

const connected = (page) => until("the stream", async () => (await page.locator("#live-said").textContent()) !== "");

async function live({ path, seconds }) {
  const page = await house.page("admin");
  await page.goto(house.url + path);
  const session = await page.context().newCDPSession(page);
  const heap = async () => {
    await session.send("HeapProfiler.collectGarbage");
    return (await session.send("Runtime.getHeapUsage")).usedSize / 1024 / 1024;
  };
  await page.getByRole("button", { name: "Live" }).click();
  await connected(page);
  await until("rows", async () => (await page.locator("#rows tr").count()) > 0);
  const before = await heap();
  const seen = await page.evaluate((seconds) => new Promise((done) => {
    const [gaps, end] = [[], performance.now() + seconds * 1000];
    const list = document.getElementById("rows");
    let [last, most, came] = [performance.now(), 0, 0];
    new MutationObserver((changes) => { for (const change of changes) came += change.addedNodes.length; }).observe(list, { childList: true });
    const frame = (now) => {
      gaps.push(Math.max(0, now - last));
      last = now;
      most = Math.max(most, list.children.length);
      if (now < end) requestAnimationFrame(frame);
      else done({ gaps, rows: most, came, said: document.getElementById("live-said").textContent });
    };
    requestAnimationFrame(frame);
  }), seconds);
  const after = await heap();
  assert(page.mistakes.length === 0, page.mistakes.join("; "));
  await house.tidy();
  return { ...seen, heap: [before, after] };
}

async function show({ paths }) {
  await house.tidy();
  shown = [];
  for (const path of paths) {
    const page = await house.page("admin");
    await page.goto(house.url + path);
    // Of a stream; the figures of other pages go on by themselves.
    const button = page.locator("button[data-live]");
    if (await button.count() > 0) {
      if ((await button.getAttribute("aria-pressed")) !== "true") await button.click();
      await connected(page);
    }
    shown.push(page);
  }
  return shown.length;
}

const acts = { hello: async () => "hello", visit, rows, live, show };
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const question = JSON.parse(line);
    const answer = await acts[question.do](question);
    console.log(JSON.stringify({ answer }));
  } catch (error) {
    await house.tidy();
    console.log(JSON.stringify({ error: String(error.stack ?? error) }));
  }
}
await house.end();

// A browser for `cargo xtask bench ui`: each line of its input asks something, each line of its output answers.
// The environment is that of main.mjs.

import { get } from "node:http";
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

// Asks what these pages ask while they are open, as often as they do, and draws nothing.
let asking = null;
let targets = null;
async function ask({ paths }) {
  // Where streams are is known after a look; in later turns nothing is drawn on these CPUs.
  targets ??= await targetsOf(paths);
  asking = new AbortController();
  const { signal } = asking;
  const counts = { answers: 0, bytes: 0 };
  const once = ({ path, cookie, stream }) => new Promise((done, fail) => {
    const headers = stream ? { cookie, accept: "text/event-stream" } : { cookie, "picket-fresh": "1", "accept-encoding": "gzip" };
    const request = get(house.url + path, { headers, signal }, (response) => {
      if (response.statusCode !== 200) fail(new Error(`${path} gave ${response.statusCode}`));
      if (stream) done();
      response.on("data", (piece) => { counts.bytes += piece.length; });
      response.on("end", () => { counts.answers += 1; done(); });
      response.on("error", fail);
    });
    request.on("error", fail);
  });
  const again = async (target) => {
    while (!signal.aborted) {
      const began = performance.now();
      await once(target);
      await new Promise((done) => setTimeout(done, Math.max(5000, 10 * (performance.now() - began))));
    }
  };
  for (const target of targets) {
    await once(target);
    if (!target.stream) {
      again(target).catch((error) => { if (!signal.aborted) counts.error = String(error); });
    }
  }
  asking.counts = counts;
  return targets.length;
}

async function targetsOf(paths) {
  const found = [];
  for (const path of paths) {
    const page = await house.page("admin");
    await page.goto(house.url + path);
    const button = page.locator("button[data-live]");
    const stream = (await button.count()) > 0 ? await button.getAttribute("data-live") : null;
    const cookies = await page.context().cookies();
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    found.push({ path, stream: false, cookie });
    if (stream !== null) found.push({ path: stream, stream: true, cookie });
  }
  await house.tidy();
  return found;
}

// What came of it.
async function asked() {
  const counts = asking?.counts ?? {};
  asking?.abort();
  asking = null;
  assert(!counts.error, counts.error);
  return [counts.answers ?? 0, counts.bytes ?? 0];
}

const acts = { hello: async () => "hello", visit, rows, live, show, ask, asked };
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

// What the script adds: live rows, times, keys, completion, the brush.

import { assert, equal, until } from "./browser.mjs";

export const checks = [
  ["script/live", async (house) => {
    const page = await house.page("viewer");
    await page.goto(`${house.url}/events`);
    await page.getByRole("button", { name: "Live" }).click();
    const mark = `live${Date.now()}`;
    // The stream is there before what it is to tell.
    await until("the stream", async () => (await page.locator("#live-said").textContent()) === "connected");
    await fetch(`${house.shop}/items?name=${encodeURIComponent(`<script>zqx('${mark}')</script>`)}`);
    await until("a live row", async () => (await page.locator("#rows").textContent()).includes(mark));
    equal(await page.evaluate(() => globalThis.zqx), undefined, "a script in a live row");
    equal(page.mistakes, [], "mistakes");
    await page.getByRole("button", { name: "Live" }).click();
    equal(await page.locator("[data-live]").getAttribute("aria-pressed"), "false", "the button");
  }],
  ["script/flood", async (house) => {
    const page = await house.page("viewer");
    await page.goto(`${house.url}/events`);
    await page.getByRole("button", { name: "Live" }).click();
    await until("the stream", async () => (await page.locator("#live-said").textContent()) === "connected");
    let sent = 0;
    for (let round = 0; round < 15; round += 1) {
      await Promise.all(Array.from({ length: 40 }, () => fetch(`${house.shop}/items?name=${encodeURIComponent("1' UNION SELECT NULL--")}`)));
      sent += 40;
    }
    await until("rows", async () => (await page.locator("#rows tr").count()) > 0);
    const rows = await page.locator("#rows tr").count();
    assert(rows <= 200, `${rows} rows`);
    return `${sent} attacks, ${rows} rows, ${await page.locator("#live-said").textContent()}`;
  }],
  ["script/times", async (house) => {
    const page = await house.page("viewer", { timezoneId: "Asia/Tokyo", locale: "en-GB" });
    await page.goto(house.url);
    const cookies = await page.context().cookies();
    equal(cookies.find((cookie) => cookie.name === "picket-zone")?.value, "Asia/Tokyo", "the zone that the server is told");
    await page.goto(`${house.url}/events`);
    const time = page.locator("#rows time").first();
    const [shown, title] = [await time.textContent(), await time.getAttribute("title")];
    const hours = new Date(await time.getAttribute("datetime")).toLocaleTimeString("en-GB", { timeZone: "Asia/Tokyo" });
    equal([shown.slice(-8), title.includes(hours)], [hours, true], `the time in the viewer's zone (${title})`);
  }],
  ["script/keys", async (house) => {
    const page = await house.page("admin");
    await page.goto(`${house.url}/signals?from=-30d`);
    await page.keyboard.press("/");
    equal(await page.evaluate(() => document.activeElement.id), "query", "what / leads to");
    await page.keyboard.press("Escape");
    await page.keyboard.press("j");
    const first = await page.locator("#rows tr.at a.open").getAttribute("href");
    await page.keyboard.press("x");
    equal(await page.locator("#rows tr.at input[type=checkbox]").isChecked(), true, "what x checks");
    await page.keyboard.press("?");
    equal(await page.locator("dialog").getAttribute("open"), "", "the help");
    await page.keyboard.press("Escape");
    await Promise.all([page.waitForNavigation(), page.keyboard.press("j").then(() => page.keyboard.press("k")).then(() => page.keyboard.press("Enter"))]);
    equal(new URL(page.url()).pathname, first, "what Enter opens");
    await page.keyboard.press("g");
    await Promise.all([page.waitForNavigation(), page.keyboard.press("e")]);
    equal(new URL(page.url()).pathname, "/events", "where g e leads");
  }],
  ["script/completion", async (house) => {
    const page = await house.page("viewer");
    await page.goto(`${house.url}/events`);
    await page.locator("#query").fill("@rule.ty");
    await page.locator("#query").press("End");
    await page.locator("#complete li", { hasText: "@rule.type" }).first().waitFor();
    await page.keyboard.press("Tab");
    equal(await page.locator("#query").inputValue(), "@rule.type:", "what was completed");
    await page.locator("#query").fill("service:\u{1F600} @sta");
    await page.locator("#query").press("End");
    await page.locator("#query").press("ArrowDown");
    await page.locator("#complete li").first().waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    equal(await page.locator("#query").inputValue(), "service:\u{1F600} @status:", "what was completed behind a wide character");
  }],
  ["script/brush", async (house) => {
    const page = await house.page("viewer");
    await page.goto(`${house.url}/events?from=-1d`);
    const box = await page.locator("svg[data-brush]").boundingBox();
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.25, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, y, { steps: 8 });
    await page.mouse.move(box.x + box.width * 0.75, y, { steps: 8 });
    await Promise.all([page.waitForNavigation(), page.mouse.up()]);
    const asked = new URL(page.url()).searchParams;
    const hours = (Date.parse(asked.get("to")) - Date.parse(asked.get("from"))) / 3_600_000;
    assert(Math.abs(hours - 12) < 0.5, `half of a day was brushed, and ${hours} hours came`);
  }],
  ["script/wrong-query", async (house) => {
    const page = await house.page("viewer");
    await page.goto(house.url + "/events");
    await page.fill("#query", "servce:shop");
    await page.keyboard.press("Escape");
    await Promise.all([page.waitForNavigation(), page.locator("form.query button").click()]);
    equal(await page.locator(".wrong mark").textContent(), "servce", "what is marked");
    equal(await page.locator("#query").inputValue(), "servce:shop", "the query");
  }],
];

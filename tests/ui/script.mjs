// What the script adds: live rows and figures, times, keys, completion, the brush, rules checked as they are typed.

import { assert, equal, until } from "./browser.mjs";

export const checks = [
  ["script/live", async (house) => {
    const page = await house.page("viewer");
    await page.goto(`${house.url}/events`);
    await page.getByRole("button", { name: "Live" }).click();
    const mark = `live${Date.now()}`;
    // The stream is there before what it is to tell.
    await until("the stream", async () => (await page.locator("#live-said").textContent()) === "connected");
    const counted = async () => [await page.locator("#facets").textContent(), await page.locator("#times svg").innerHTML()];
    const [facets, times] = await counted();
    await fetch(`${house.shop}/items?name=${encodeURIComponent(`<script>zqx('${mark}')</script>`)}`);
    await until("a live row", async () => (await page.locator("#rows").textContent()).includes(mark));
    equal(await page.evaluate(() => globalThis.zqx), undefined, "a script in a live row");
    await until("facets and timeline that count it", async () => {
      const now = await counted();
      return now[0] !== facets && now[1] !== times;
    });
    assert((await page.locator("#rows").textContent()).includes(mark), "the row went when the rest was mended");
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
  ["script/kernel", async (house) => {
    // Looking takes a second or two: what is found comes by itself.
    const page = await house.page("viewer");
    await page.goto(`${house.url}/settings/kernel`);
    await until("what the kernel allows", async () => (await page.locator("#report .checks li").count()) > 5);
    equal(page.mistakes, [], "mistakes");
  }],
  ["script/figures", async (house) => {
    const page = await house.page("admin");
    const number = async (selector) => Number((await page.locator(selector).first().textContent()).replace(/\D/g, ""));
    const attack = () => fetch(`${house.shop}/items?name=${encodeURIComponent("1' UNION SELECT NULL--")}`);
    await page.goto(`${house.url}/services`);
    equal(await page.locator("[data-fresh-switch]").getAttribute("aria-pressed"), "true", "the switch");
    // What a person is at stays as it is: a panel that is open, the focus, a form that is half filled in.
    const row = page.locator("#rows tr", { has: page.locator("td:nth-child(5) a") }).first();
    const attacks = `#rows tr[data-id="${await row.getAttribute("data-id")}"] td:nth-child(5)`;
    await row.locator("details.confirm > summary").first().click();
    await row.locator("form").first().evaluate((form) => {
      const field = document.createElement("input");
      field.id = "half";
      form.prepend(field);
    });
    await page.locator("#half").fill("half of a");
    const before = await number(attacks);
    await attack();
    await until("the attack in the list", async () => (await number(attacks)) > before);
    equal(await page.locator("#half").inputValue(), "half of a", "what was filled in");
    equal(await page.evaluate(() => document.activeElement.id), "half", "the focus");
    equal(await row.locator("details.confirm").first().getAttribute("open"), "", "the panel");
    // The overview counts on, too.
    await page.goto(house.url);
    const figure = "#figures .tile:nth-child(3) .value";
    const then = await number(figure);
    await page.locator("details.custom summary").click();
    await attack();
    await until("the attack in the figures", async () => (await number(figure)) > then);
    equal(await page.locator("details.custom").getAttribute("open"), "", "the choice of a time");
    equal(page.mistakes, [], "mistakes");
    return `${before} attacks, then ${await number(figure)}`;
  }],
  ["script/figures-stop", async (house) => {
    const page = await house.page("viewer");
    let asked = 0;
    page.on("request", (request) => { if (request.headers()["picket-fresh"]) asked += 1; });
    await page.clock.install();
    await page.goto(`${house.url}/services`);
    const said = page.locator("#fresh-said");
    await page.context().setOffline(true);
    await page.clock.runFor(6000);
    await until("what is said", async () => (await said.textContent()).startsWith("not connected"));
    await page.context().setOffline(false);
    await page.clock.runFor(120000);
    await until("the agent again", async () => (await said.textContent()) === "");
    // Nobody looks: nothing is asked. Somebody does: at once.
    const hide = (hidden) => page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
    await hide(true);
    const before = asked;
    await page.clock.runFor(600000);
    equal(asked, before, "questions while nobody looks");
    await hide(false);
    await page.clock.runFor(6000);
    await until("a question", async () => asked > before);
    // Switched off, it stays so on other pages.
    await page.getByRole("button", { name: "Live" }).click();
    await page.goto(`${house.url}/protection`);
    equal(await page.locator("[data-fresh-switch]").getAttribute("aria-pressed"), "false", "the switch");
    const off = asked;
    await page.clock.runFor(600000);
    equal(asked, off, "questions when it is switched off");
    return `${asked} questions`;
  }],
  ["script/rule-as-it-is-typed", async (house) => {
    const page = await house.page("admin");
    await page.goto(`${house.url}/rules/detection/edit`);
    const [rule, outcome] = [page.locator("textarea[data-check]"), page.locator("#outcome")];
    const good = await rule.inputValue();
    await rule.press("Control+Home");
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.keyboard.type("oops");
    await until("what is wrong", async () => (await outcome.locator(".wrong").count()) > 0);
    assert((await outcome.textContent()).includes("line 2"), `the line is not said: ${await outcome.textContent()}`);
    for (let key = 0; key < 5; key += 1) await page.keyboard.press("Backspace");
    await until("that it works", async () => (await outcome.textContent()).includes("It works."));
    equal(await rule.inputValue(), good, "what is written");
    equal(await page.evaluate(() => document.activeElement.name), "text", "the focus");
    await rule.fill(good.replace("misses > 100", "missing > 100"));
    await until("a name that is not known", async () => (await outcome.locator(".wrong").count()) > 0);
    equal(page.mistakes, [], "mistakes");
    return (await outcome.textContent()).trim().slice(0, 120);
  }],
  ...[true, false].map((javaScriptEnabled) => [`script/menu-on-a-telephone${javaScriptEnabled ? "" : "-without-a-script"}`, async (house) => {
    const page = await house.page("admin", { viewport: { width: 360, height: 740 }, javaScriptEnabled });
    await page.goto(house.url);
    const settings = page.locator("nav.side .groups a", { hasText: "Settings" });
    assert(!(await settings.isVisible()), "the menu is open from the beginning");
    await page.getByRole("button", { name: "Menu" }).click();
    for (const link of await page.locator("nav.side .groups a").all()) {
      const box = await link.boundingBox();
      assert(box && box.x >= 0 && box.x + box.width <= 360 && box.y + box.height <= 740 && box.height >= 40, `${await link.textContent()} stands at ${JSON.stringify(box)}`);
    }
    await Promise.all([page.waitForNavigation(), settings.click()]);
    equal(new URL(page.url()).pathname, "/settings", "where the menu leads");
  }]),
  ["script/times", async (house) => {
    const page = await house.page("viewer", { timezoneId: "Asia/Tokyo", locale: "en-GB" });
    await page.goto(house.url);
    const cookies = await page.context().cookies();
    equal(cookies.find((cookie) => cookie.name === "picket-zone")?.value, "Asia/Tokyo", "the zone that the server is told");
    await page.goto(`${house.url}/events`);
    const time = page.locator("#rows time").first();
    await time.hover();
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

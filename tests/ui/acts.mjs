// What people do, with a script and without.

import { assert, equal } from "./browser.mjs";

const both = (name, act) => [true, false].map((javaScriptEnabled) => [
  `acts/${name}${javaScriptEnabled ? "" : "-without-a-script"}`,
  (house) => act(house, { javaScriptEnabled }),
]);

/// The page of a signal about somebody who can be blocked.
async function signal(house, options) {
  const page = await house.page("admin", options);
  await page.goto(`${house.url}/signals?from=-30d&query=client_ip:*`);
  await page.locator("#rows a.open").first().click();
  await page.waitForSelector(".acts");
  return page;
}

async function press(page, locator) {
  await Promise.all([page.waitForNavigation(), locator.click()]);
}

export const checks = [
  ...both("triage", async (house, options) => {
    const page = await signal(house, options);
    const form = page.locator('form[action$="/triage"]');
    const note = `seen ${options.javaScriptEnabled}`;
    await form.locator("select[name=status]").selectOption("under_review");
    await form.locator("input[name=assignee]").fill("alice");
    await form.locator("textarea[name=note]").fill(note);
    await press(page, form.locator("button.primary"));
    equal(await page.locator(".flash").textContent(), "Saved", "what is said");
    assert((await page.locator(".story").textContent()).includes(note), "the note is not in the story");
    assert((await page.locator(".history").textContent()).includes("alice"), "the history does not say who");
  }),
  ...both("bulk", async (house, options) => {
    const page = await house.page("admin", options);
    await page.goto(`${house.url}/signals?from=-30d`);
    const boxes = page.locator("#rows input[type=checkbox]");
    const count = Math.min(2, await boxes.count());
    for (let at = 0; at < count; at += 1) await boxes.nth(at).check();
    await page.locator("#bulk select[name=status]").selectOption(options.javaScriptEnabled ? "under_review" : "open");
    await press(page, page.locator("#bulk button"));
    assert((await page.locator(".flash").textContent()).includes(`${count} signal`), "not all were changed");
    return `${count} signals`;
  }),
  ...both("block", async (house, options) => {
    const page = await signal(house, options);
    const details = page.locator("details.confirm", { has: page.locator('form[action="/block"]') });
    await details.locator("summary").click();
    const whom = await details.locator("select[name=whom] option").first().textContent();
    await details.locator("select[name=seconds]").selectOption("600");
    await details.locator("input[name=reason]").fill("a test in a browser");
    await press(page, details.locator("button.danger"));
    const said = await page.locator(".flash").textContent();
    assert(said.includes(whom) && (said.includes("is blocked") || said.includes("denylist")), said);
    await page.goto(`${house.url}/actors/${whom}`);
    assert((await page.locator(".top").textContent()).includes("blocked"), "the actor's page does not say it");
    await press(page, page.getByRole("button", { name: `Unblock ${whom}` }));
    assert((await page.locator(".flash").textContent()).includes("not blocked any longer"), "not unblocked");
    return whom;
  }),
  ...both("protection", async (house, options) => {
    const page = await house.page("admin", options);
    await page.goto(`${house.url}/protection`);
    const frame = page.frameLocator(".previews iframe");
    assert((await frame.locator("h1").textContent()).includes("You are blocked"), "the blocking page is not shown");
    equal(await frame.locator("main").evaluate((main) => getComputedStyle(main).borderTopWidth), "4px", "its style");
    assert((await page.locator(".previews pre").textContent()).includes('"error":"blocked"'), "nor that for programs");
    const form = page.locator('.acts form[action="/block"]');
    const net = `198.51.100.${options.javaScriptEnabled ? 128 : 64}/26`;
    await form.locator("input[name=name]").fill(net);
    await form.locator("input[name=reason]").fill("a test in a browser");
    await press(page, form.locator("button.danger"));
    assert((await page.locator(".flash").textContent()).includes(net), "not blocked");
    const row = page.locator("tr", { hasText: net });
    assert((await row.textContent()).includes("a test in a browser"), "the denylist does not say why");
    await press(page, row.getByRole("button", { name: "Unblock" }));
    equal(await page.locator("tr", { hasText: net }).count(), 0, "rows of an entry that was ended");
  }),
  ...both("policy", async (house, options) => {
    const page = await house.page("admin", options);
    await page.goto(`${house.url}/services`);
    await page.locator("#rows a.open").first().click();
    await page.waitForSelector(".acts");
    const form = page.locator('.acts form[action$="/policy"]');
    const open = () => form.locator("xpath=ancestor::details[1]/summary").click();
    const change = async (value) => {
      await open();
      const button = form.locator(`button[value=${value}]`);
      // Switching off is asked for twice.
      if (!(await button.isVisible())) await form.locator("details summary").click();
      await press(page, button);
    };
    await change("off");
    assert((await page.locator(".flash").textContent()).includes("not judged any longer"), "not switched off");
    equal((await page.locator(".top .status").textContent()).trim(), "off", "what the page says is done about attacks");
    await change("configured");
    assert((await page.locator(".flash").textContent()).includes("as the configuration says"), "not given back");
  }),
  ...both("colours", async (house, options) => {
    const page = await house.page("admin", options);
    await page.goto(house.url);
    const background = () => page.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
    const before = options.javaScriptEnabled ? await background() : null;
    await press(page, page.locator('button[name=theme][value="dark"]'));
    equal(await page.locator("html").getAttribute("data-theme"), "dark", "the theme");
    if (before) assert((await background()) !== before, "dark is not dark");
  }),
  ...both("exclude", async (house, options) => {
    const page = await house.page("admin", options);
    await page.goto(`${house.url}/events?query=@matches:*&from=-30d`);
    await page.locator("#rows a.open").first().click();
    await press(page, page.locator(".found a", { hasText: "Exclude this" }).first());
    assert((await page.locator(".grow").textContent()).includes("would not be there"), "it is not tried on past events");
    await page.locator('form[action="/rules/exclusions/make"] input[name=reason]').fill("a test in a browser");
    await press(page, page.getByRole("button", { name: "Exclude", exact: true }));
    assert((await page.locator(".flash").textContent()).startsWith("Excluded."), "it is not made");
    const row = page.locator("#rows tr", { hasText: "a test in a browser" }).first();
    await row.locator("summary").click();
    await press(page, row.getByRole("button", { name: "End this exclusion" }));
    assert((await page.locator(".flash").textContent()).includes("has ended"), "it is not ended");
  }),
  ...both("try-a-rule", async (house, options) => {
    const page = await house.page("admin", options);
    await page.goto(`${house.url}/rules/try`);
    await page.locator("textarea[name=text]").fill(`SecRule ARGS "@contains <script" "id:7,phase:2,log,t:lowercase"`);
    await page.locator("textarea[name=request]").fill("GET /?q=%3CSCRIPT%3E HTTP/1.1\nHost: x");
    await press(page, page.getByRole("button", { name: "Try", exact: true }));
    equal(await page.locator(".found mark").last().textContent(), "<script>", "what it matches");
  }),
  ...both("detection-rule", async (house, options) => {
    const page = await house.page("admin", options);
    await page.goto(`${house.url}/rules/detection/edit`);
    await press(page, page.getByRole("button", { name: "Check, and play the last day" }));
    assert((await page.locator("#outcome").textContent()).includes("would have raised"), "it is not played");
    if (options.javaScriptEnabled) {
      await page.locator("textarea[data-check]").fill("{");
      await page.waitForSelector("#outcome .wrong");
      await page.goto(`${house.url}/rules/detection/edit`);
    }
    await press(page, page.getByRole("button", { name: "Save", exact: true }));
    assert((await page.locator(".flash").first().textContent()).includes("Saved"), "it is not saved");
    await page.locator("details.confirm summary").click();
    await press(page, page.getByRole("button", { name: "Take back", exact: true }));
    assert((await page.locator(".flash").first().textContent()).includes("not kept"), "it is not taken back");
  }),
  ...both("write-a-rule", async (house, options) => {
    const page = await house.page("admin", options);
    const [id, word] = options.javaScriptEnabled ? ["100001", "wombat"] : ["100002", "numbat"];
    const rule = `SecRule ARGS "@contains ${word}" "id:${id},phase:2,log,msg:'A ${word}'"`;
    await page.goto(`${house.url}/rules`);
    await press(page, page.getByRole("link", { name: "Write a rule" }));
    const text = page.locator("textarea[name=text]");
    if (options.javaScriptEnabled) {
      await text.fill(`${rule} and more`);
      await page.waitForSelector("#outcome .wrong");
      assert((await page.locator("#outcome .wrong").textContent()).includes("rule:1:"), "it does not say where");
      await text.fill(rule);
      await page.waitForSelector("#outcome .flash");
      assert((await page.locator("#outcome .flash").textContent()).includes(id), "it is not said to work");
    }
    await text.fill(rule);
    await page.locator("textarea[name=request]").fill(`GET /?q=${word}s HTTP/1.1\nHost: x`);
    await press(page, page.getByRole("button", { name: "Check, and look at the last day" }));
    equal(await page.locator("#outcome .found mark").last().textContent(), `${word}s`, "what it matches");
    assert((await page.locator("#outcome").textContent()).includes("would have matched"), "it is not tried on past events");
    await press(page, page.getByRole("button", { name: "Save", exact: true }));
    assert((await page.locator(".flash").first().textContent()).includes("Saved"), "it is not saved");
    await (await fetch(`${house.shop}/?q=${word}s`)).text();
    // The event is stored a moment later.
    await page.goto(`${house.url}/events?query=@rule.id:${id}&from=-1h`);
    for (let tries = 0; (await page.locator("#rows a.open").count()) === 0; tries += 1) {
      assert(tries < 100, "no event names the rule");
      await new Promise((later) => setTimeout(later, 100));
      await page.reload();
    }
    await page.locator("#rows a.open").first().click();
    await page.waitForSelector(".found");
    assert((await page.locator(".found").first().textContent()).includes(id), "the event's page does not name the rule");
    await page.goto(`${house.url}/rules/${id}`);
    await page.locator("details.confirm summary").click();
    await press(page, page.getByRole("button", { name: "Remove", exact: true }));
    assert((await page.locator(".flash").first().textContent()).includes("not kept"), "it is not removed");
  }),
  ...both("token", async (house, options) => {
    const page = await house.page("admin", options);
    await page.goto(`${house.url}/settings/tokens`);
    const name = `browser-${options.javaScriptEnabled}`;
    await page.locator('form[action="/settings/tokens/add"] input[name=name]').fill(name);
    await press(page, page.getByRole("button", { name: "Make a token" }));
    assert((await page.locator(".flash").textContent()).includes("pkt_"), "the token is not shown");
    const row = page.locator("#rows tr", { hasText: name });
    await row.locator("summary").click();
    await press(page, row.getByRole("button", { name: `Take back ${name}` }));
    assert((await page.locator(".flash").textContent()).includes(name), "it is not taken back");
  }),
  ["acts/log-out", async (house) => {
    // A session of its own: the others' goes on.
    const page = await house.page("leaver");
    await page.goto(house.url);
    await press(page, page.getByRole("button", { name: "Log out" }));
    await page.goto(`${house.url}/signals`);
    equal(new URL(page.url()).pathname, "/login", "after logging out");
  }],
];

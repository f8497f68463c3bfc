// The morning after a night of attacks, step by step as docs/investigating.md has it. The scenario `ui/walk` starts it.
//
//   PICKET_UI_TOWN     runs errands in town: /thief says whether the thief gets through, /editor saves the article
//   PICKET_UI_THIEF    the address of who took hashes out of the database
//   PICKET_UI_EDITOR   the address of who writes about SQL
//   PICKET_UI_PICTURES a directory for the pictures of the docs (optional)
//   and those of main.mjs

import { assert, equal } from "./browser.mjs";
import { run } from "./checks.mjs";
import { WINDOW, picture } from "./pictures.mjs";

const { PICKET_UI_TOWN: town, PICKET_UI_THIEF: thief, PICKET_UI_EDITOR: editor } = process.env;

/// The night is short.
const LATELY = "-100s";

async function errand(name) {
  const answer = await fetch(`${town}/${name}`);
  const said = await answer.json();
  assert(answer.ok, `${name}: ${said.error}`);
  return said;
}

async function follow(page, locator) {
  await Promise.all([page.waitForNavigation(), locator.click()]);
}

async function holds(locator, texts, what) {
  const text = (await locator.first().textContent()).replaceAll(/\s+/g, " ");
  for (const expected of texts) assert(text.includes(expected), `${what} does not say ${expected}: ${text}`);
}

/// A page in the window that pictures are taken in.
async function open(house, target, role = "admin") {
  const page = await house.page(role, WINDOW);
  await page.goto(house.url + target);
  return page;
}

/// The signal about somebody, by the way a person comes to it.
async function signal(house, rule, ip) {
  const page = await open(house, `/signals?from=-1d&query=${encodeURIComponent(`rule:${rule} client_ip:${ip}`)}`);
  await follow(page, page.locator("#rows a.open").first());
  return page;
}

const theft = (house) => signal(house, "sql-injection-success", thief);
const falseAlarm = (house) => signal(house, "sql-injection", editor);
/// A row of facts: what it is about, and what it says.
const fact = (page, name) => page.locator(`.story dt:text-is("${name}") + dd`);

const steps = [
  ["who/overview", async (house) => {
    const page = await open(house, `/?from=${LATELY}`);
    await holds(page.locator("main"), ["Attack traffic by type", "Who attacks", thief, "sql_injection"], "the overview");
    await picture(page, "overview", [], { dark: true });
  }],
  ["who/signals", async (house) => {
    const page = await open(house, `/?from=${LATELY}`);
    await follow(page, page.getByRole("link", { name: "All open" }));
    await page.goto(`${page.url()}&from=${LATELY}`);
    await holds(page.locator("#rows"), ["critical", thief, "scanner"], "the list of signals");
    await picture(page, "signals", [], { height: 760 });
  }],
  ["who/actor", async (house) => {
    const page = await theft(house);
    await follow(page, page.locator(".card", { hasText: "Actors" }).getByRole("link", { name: thief }).first());
    await page.goto(`${page.url()}?from=${LATELY}`);
    await holds(page.locator("main"), [thief, "sql_injection"], "the page of the actor");
    await picture(page, "actor", [], { height: 760 });
  }],
  ["worked/signal", async (house) => {
    const page = await theft(house);
    await holds(fact(page, "Who"), [thief], "who");
    await holds(fact(page, "Did it work"), ["perhaps: sql_injection"], "whether it worked");
    await holds(fact(page, "What was done"), ["nobody is blocked"], "what was done");
    await picture(page, "signal", [], { dark: true });
  }],
  ["worked/event", async (house) => {
    const page = await theft(house);
    // The last request that was answered with a page: hashes.
    const row = page.locator("tr", { hasText: "hash" }).filter({ hasText: "200" });
    await follow(page, row.locator("a.open").first());
    await holds(page.locator("pre.request mark"), ["UNION"], "what is marked");
    await holds(page.locator(".found").first(), ["picket-sqli", "matched in"], "the rule");
    await picture(page, "event", [], { height: 760, dark: true });
  }],
  ["worked/login", async (house) => {
    const page = await open(house, "/signals?from=-1d&query=rule:credential-stuffing");
    await follow(page, page.locator("#rows a.open").first());
    await holds(fact(page, "Did it work"), ["login"], "whether a login worked");
    await picture(page, "logins", [page.locator(".story"), page.locator(".card", { hasText: "Course of the attack" })]);
    await follow(page, page.locator(".card", { hasText: "Actors" }).getByRole("link", { name: "carol", exact: true }).first());
    await holds(page.locator("main"), ["carol", "198.18.80.4"], "the page of the user");
  }],
  ["block/an-hour", async (house) => {
    equal(await errand("thief"), { reaches: true }, "the thief before");
    const page = await theft(house);
    const details = page.locator("details.confirm", { has: page.locator('form[action="/block"]') });
    await details.locator("summary").click();
    equal(await details.locator("select[name=whom]").inputValue(), `net:${thief}`, "whom");
    equal(await details.locator("select[name=seconds]").inputValue(), "3600", "for how long");
    await details.locator("input[name=reason]").fill("took hashes of customers");
    await picture(page, "block", [page.locator("aside.acts .card", { hasText: "Respond" })]);
    await follow(page, details.locator("button.danger"));
    await holds(page.locator(".flash"), [`${thief} is blocked`], "what is said");
    equal(await errand("thief"), { reaches: false }, "the thief, blocked");
  }],
  ["block/dropped", async (house) => {
    const page = await open(house, "/protection");
    const row = page.locator("tr", { hasText: thief });
    await holds(row, ["took hashes of customers"], "the denylist");
    const dropped = await page.locator(".tile", { hasText: "Packets dropped" }).textContent();
    assert(/[1-9]/.test(dropped), `nothing was dropped: ${dropped}`);
    await picture(page, "protection", [], { height: 560 });
  }],
  ["block/undone", async (house) => {
    const page = await open(house, "/protection");
    await follow(page, page.locator("tr", { hasText: thief }).getByRole("button", { name: "Unblock" }));
    await holds(page.locator(".flash"), [`${thief} is not blocked any longer`], "what is said");
    equal(await errand("thief"), { reaches: true }, "the thief, unblocked");
  }],
  ["tune/alarm", async (house) => {
    const page = await falseAlarm(house);
    await holds(page.locator(".grow"), ["/editor/draft", "UNION SELECT"], "the requests");
    await holds(fact(page, "Did it work"), ["nothing hints at it"], "whether it worked");
    await picture(page, "false-positive", [page.locator("aside.acts .card", { hasText: "A false positive?" })]);
  }],
  ["tune/exclusion", async (house) => {
    // Each rule that holds on the article has one of its own.
    let made = 0;
    for (;;) {
      const page = await falseAlarm(house);
      const link = page.locator("aside.acts .card", { hasText: "A false positive?" }).getByRole("link").nth(made);
      if ((await link.count()) === 0) break;
      await follow(page, link);
      equal(await page.locator("input[name=input]").first().inputValue(), "body.text", "where the value stands");
      const fields = page.locator("form.stack[method=get]");
      await fields.locator("input[name=path]").fill("/editor/*");
      // The proxy before the shop reads the same request.
      await fields.locator("input[name=service]").fill(`nginx, ${await fields.locator("input[name=service]").inputValue()}`);
      await follow(page, page.getByRole("button", { name: "Try on past events" }));
      await holds(page.locator(".grow"), ["would not be there", "/editor/draft", editor], "the preview");
      assert(!(await page.locator(".grow").textContent()).includes(thief), "it leaves the thief alone, too");
      const form = page.locator('form[action="/rules/exclusions/make"]');
      await form.locator("input[name=reason]").fill("editors write about SQL");
      if (made === 0) await picture(page, "exclusion", [], { height: 760 });
      await follow(page, form.getByRole("button", { name: "Exclude", exact: true }));
      await holds(page.locator(".flash"), ["Excluded."], "what is said");
      made += 1;
      await page.context().close();
    }
    assert(made > 0, "there is nothing to exclude");
    return `${made} made`;
  }],
  ["tune/proof", async (house) => {
    const after = await errand("editor");
    equal(after.matches, [], "matches of the article, excluded");
    // Elsewhere the same is still found.
    const page = await theft(house);
    await follow(page, page.locator("tr", { hasText: "hash" }).locator("a.open").first());
    await follow(page, page.getByRole("link", { name: "Try rules on it" }));
    await holds(page.locator(".found").first(), ["picket-sqli"], "what is found elsewhere");
    await page.goto(`${house.url}/rules/exclusions`);
    await holds(page.locator("#rows"), ["/editor/*", "body.text", "editors write about SQL", "admin"], "the exclusions");
    await picture(page, "exclusions", [page.locator("header.top"), page.locator(".card.list")]);
  }],
  ["tune/archive", async (house) => {
    const page = await falseAlarm(house);
    const form = page.locator('form[action$="/triage"]');
    await form.locator("select[name=status]").selectOption("archived");
    await form.locator("select[name=reason]").selectOption("false_positive");
    await follow(page, form.locator("button.primary"));
    await page.goto(`${house.url}/signals?from=-1d`);
    await follow(page, page.getByRole("link", { name: "False positives" }));
    await holds(page.locator("#rows"), [editor], "the view of false positives");
  }],
  ["share/triage", async (house) => {
    const page = await theft(house);
    const form = page.locator('form[action$="/triage"]');
    await form.locator("select[name=status]").selectOption("under_review");
    await form.locator("input[name=assignee]").fill("alice");
    await form.locator("input[name=case]").fill("SEC-7");
    await form.locator("textarea[name=note]").fill("Hashes of customers were read. Search is being fixed.");
    await picture(page, "triage", [page.locator("aside.acts .card", { hasText: "Triage" })]);
    await follow(page, form.locator("button.primary"));
    await holds(fact(page, "Case"), ["SEC-7"], "the case");
    await holds(fact(page, "Note"), ["Hashes of customers"], "the note");
    await holds(page.locator(".history"), ["alice"], "the history");
  }],
  ["share/link", async (house) => {
    const query = encodeURIComponent(`client_ip:${thief} @status:200`);
    const mine = await open(house, `/events?query=${query}&from=-1d`);
    // Somebody else sees the same through the same address.
    const theirs = await open(house, new URL(mine.url()).pathname + new URL(mine.url()).search, "viewer");
    const rows = (page) => page.locator("#rows a.open").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    const [here, there] = [await rows(mine), await rows(theirs)];
    equal(there, here, "what a colleague sees");
    assert(here.length > 0, "there is nothing to see");
    equal(await theirs.locator('form[action="/block"]').count(), 0, "forms of a viewer");
  }],
  ["nothing/services", async (house) => {
    const page = await open(house, "/services");
    await holds(page.locator("#rows"), ["nginx"], "the services");
    await picture(page, "services", [], { height: 365 });
  }],
];

await run(steps);

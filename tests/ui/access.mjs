// Who gets in, and what browsers are told.

import { assert, equal } from "./browser.mjs";

export const checks = [
  ["access/link", async (house) => {
    const page = await house.page("admin");
    const [cookie] = (await page.context().cookies()).filter((known) => known.name === "__Host-picket");
    equal([cookie.secure, cookie.httpOnly, cookie.sameSite, cookie.path], [true, true, "Strict", "/"], "the session's cookie");
    // The link was used up.
    const nobody = await house.page(null);
    const response = await nobody.goto(house.links.admin);
    equal(response.status(), 401, "a link that was used");
    assert((await nobody.textContent("main")).includes("was used"), "a link was good twice");
  }],
  ["access/nobody", async (house) => {
    const page = await house.page(null);
    await page.goto(`${house.url}/signals?query=status:open`);
    assert(new URL(page.url()).pathname === "/login", `nobody was let in at ${page.url()}`);
    equal(await page.locator("nav").count(), 0, "lists of pages for nobody");
  }],
  ["access/wrong-token", async (house) => {
    const page = await house.page(null);
    await page.goto(`${house.url}/login`);
    await page.fill("input[name=token]", "pkt_wrong");
    await page.click("button.primary");
    await page.getByRole("alert").waitFor();
    assert((await page.textContent("main")).includes("not known"), "a wrong token says nothing");
    assert(!(await page.content()).includes("pkt_wrong"), "the token is shown again");
  }],
  ["access/link-of-another-site", async (house) => {
    const page = await house.page("viewer");
    // A page of another origin with a link to us: the browser keeps back the cookie, and our page asks again.
    await page.route("http://elsewhere.example/", (route) => route.fulfill({
      contentType: "text/html", body: `<a href="${house.url}/signals?from=-30d">look</a>`,
    }));
    await page.goto("http://elsewhere.example/");
    await page.click("a");
    await page.waitForSelector("h1");
    equal(await page.textContent("h1"), "Signals", "the page behind a link of another site");
  }],
  ["access/form-of-another-site", async (house) => {
    const page = await house.page("admin");
    await page.route("http://elsewhere.example/", (route) => route.fulfill({
      contentType: "text/html",
      body: `<form method="post" action="${house.url}/block"><input name="whom" value="net:198.51.100.99"><input name="seconds" value="60"><button>x</button></form>`,
    }));
    await page.goto("http://elsewhere.example/");
    const [response] = await Promise.all([
      page.waitForResponse((answer) => answer.url().endsWith("/block")),
      page.click("button"),
    ]);
    assert([401, 403].includes(response.status()), `a form of another site was answered ${response.status()}`);
  }],
  ["access/roles", async (house) => {
    const page = await house.page("viewer");
    await page.goto(`${house.url}/signals?from=-30d`);
    equal(await page.locator("#rows input[type=checkbox]").count(), 0, "boxes for somebody who may only look");
    await page.locator("#rows a.open").first().click();
    await page.waitForSelector(".acts");
    equal(await page.locator(".acts form").count(), 0, "forms for somebody who may only look");
    const token = await page.locator("input[name=csrf]").first().inputValue();
    const status = await page.evaluate(async (csrf) => {
      const answer = await fetch("/block", { method: "POST", body: new URLSearchParams({ csrf, whom: "net:198.51.100.98", seconds: "60" }) });
      return answer.status;
    }, token);
    equal(status, 403, "a viewer who blocks");
  }],
];

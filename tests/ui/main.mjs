// The web UI in a real browser, against a running agent. The scenario `ui/browser` starts it with an agent that has seen
// attacks; it prints a line a check, and at the end how many ran.
//
//   PICKET_UI_URL      http://127.0.0.1:7180
//   PICKET_UI_LINKS    {"admin": URL, "viewer": URL, "leaver": URL}: links to log in with
//   PICKET_UI_SHOP     a service the agent watches, for requests while the browser looks
//   PICKET_UI_PACKAGES where playwright-core and axe-core are
//   PICKET_UI_SHOTS    a directory for pictures of every page (optional)

import { begin } from "./browser.mjs";
import { checks as access } from "./access.mjs";
import { checks as pages } from "./pages.mjs";
import { checks as acts } from "./acts.mjs";
import { checks as script } from "./script.mjs";

const only = process.argv.slice(2);
const all = [...access, ...pages, ...acts, ...script];
const wanted = all.filter(([name]) => only.length === 0 || only.some((part) => name.includes(part)));

const house = await begin();
// Links live for a minute only.
for (const role of Object.keys(house.links)) await house.somebody(role);
await house.tidy();
let failed = 0;
for (const [name, check] of wanted) {
  const began = Date.now();
  try {
    const figures = (await check(house)) ?? "";
    console.log(`ok      ${name} (${Date.now() - began} ms) ${figures}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error.stack ?? error}`);
  } finally {
    await house.tidy();
  }
}
await house.end();
console.log(`${wanted.length} checks ran, ${failed} failed`);
process.exit(failed > 0 || wanted.length === 0 ? 1 : 0);

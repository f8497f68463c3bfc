// The web UI in a real browser, against a running agent. The scenario `ui/browser` starts it with an agent that has seen
// attacks; it prints a line a check, and at the end how many ran.
//
//   PICKET_UI_URL      http://127.0.0.1:7180
//   PICKET_UI_LINKS    {"admin": URL, "viewer": URL, "leaver": URL}: links to log in with
//   PICKET_UI_SHOP     a service the agent watches, for requests while the browser looks
//   PICKET_UI_PACKAGES where playwright-core and axe-core are
//   PICKET_UI_SHOTS    a directory for pictures of every page (optional)

import { run } from "./checks.mjs";
import { checks as access } from "./access.mjs";
import { checks as pages } from "./pages.mjs";
import { checks as acts } from "./acts.mjs";
import { checks as script } from "./script.mjs";

const only = process.argv.slice(2);
const all = [...access, ...pages, ...acts, ...script];
await run(all.filter(([name]) => only.length === 0 || only.some((part) => name.includes(part))));

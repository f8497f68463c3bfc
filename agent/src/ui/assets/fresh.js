// Keeps parts of a page as they are now: asks for the page again, and mends what differs. Nothing is rendered here.
"use strict";
(() => {
  const button = document.querySelector("[data-fresh-switch]");
  const parts = () => [...document.querySelectorAll("[data-fresh]")];
  // Where rows are live when somebody wants them to be, what counts them is kept as it is now as long as they are.
  const rows = document.querySelector("[data-live]");
  if (!(button || rows) || parts().length === 0) return;
  const said = document.getElementById("fresh-said") ?? document.createElement("span");

  // Milliseconds between an answer and the next question: at least, at most, and so many times what the answer took.
  const [LEAST, MOST, TIMES, PATIENCE] = [5000, 60000, 10, 30000];
  const FIELDS = "input:not([type=hidden], [type=submit]), textarea, select";

  // What people are at is left alone: a form that is being filled in, a text that is selected, a button that is held.
  const changed = (field) => {
    if (field.matches("select")) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    return field.value !== field.defaultValue;
  };
  const filled = (form) => [...form.elements].some((field) => field.matches(FIELDS) && (field === document.activeElement || changed(field)));
  const busy = (node) => node.nodeType === Node.ELEMENT_NODE && [node, ...node.querySelectorAll("form")].some((form) => form.localName === "form" && filled(form));
  const selected = (part) => {
    const selection = getSelection();
    return selection.rangeCount > 0 && !selection.isCollapsed && selection.getRangeAt(0).intersectsNode(part);
  };
  let held = false;
  addEventListener("pointerdown", () => { held = true; }, true);
  for (const name of ["pointerup", "pointercancel", "blur"]) addEventListener(name, () => { held = false; }, true);
  // It was let go outside the window.
  addEventListener("pointermove", (event) => { if (event.buttons === 0) held = false; }, true);

  // What the script or a person has set on an element, and the server knows nothing of.
  const own = (element, name) => (element.localName === "details" && name === "open") || (element.localName === "tr" && name === "class")
    || (element.hasAttribute("data-copy") && name === "hidden");
  const attributes = (here, there) => {
    for (const { name, value } of there.attributes) {
      if (!own(here, name) && here.getAttribute(name) !== value) here.setAttribute(name, value);
    }
    for (const { name } of [...here.attributes]) {
      if (!own(here, name) && !there.hasAttribute(name)) here.removeAttribute(name);
    }
  };
  const alike = (here, there) => here.nodeType === there.nodeType && here.nodeName === there.nodeName && here.id === there.id;
  const key = (element) => element.dataset.id;

  // `still`: nothing changes its place below a pointer, or below the focus.
  const mend = (here, there, still) => {
    if (here.nodeType !== Node.ELEMENT_NODE) {
      if (here.data !== there.data) here.data = there.data;
      return;
    }
    if (here.localName === "form" && filled(here)) return;
    if (here.localName === "time") {
      // Its text goes on by itself.
      if (here.dateTime === there.dateTime) return;
      here.textContent = there.textContent;
      return attributes(here, there);
    }
    attributes(here, there);
    (there.firstElementChild && key(there.firstElementChild) ? keyed : placed)(here, there, still);
  };
  const placed = (here, there, still) => {
    const old = [...here.childNodes];
    [...there.childNodes].forEach((child, at) => {
      const other = old[at];
      if (!other) here.append(document.importNode(child, true));
      else if (alike(other, child)) mend(other, child, still);
      else if (!busy(other)) other.replaceWith(document.importNode(child, true));
    });
    for (const gone of old.slice(there.childNodes.length)) if (!busy(gone)) gone.remove();
  };
  const keyed = (here, there, still) => {
    const old = new Map([...here.children].filter(key).map((child) => [key(child), child]));
    for (const other of [...here.childNodes]) if (old.get(other.dataset?.id) !== other) other.remove();
    let place = here.firstElementChild;
    for (const child of there.children) {
      const known = old.get(key(child));
      old.delete(key(child));
      if (!known) {
        const added = document.importNode(child, true);
        added.classList.add("new");
        here.insertBefore(added, place);
        continue;
      }
      mend(known, child, still);
      if (known === place) place = place.nextElementSibling;
      else if (!still) here.insertBefore(known, place);
    }
    for (const gone of old.values()) if (!busy(gone)) gone.remove();
  };

  let on = true;
  let waiting = 0;
  let failures = 0;
  let asking = false;
  let latest = Date.now();
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
  const wait = (time) => { clearTimeout(waiting); if (on && !document.hidden) waiting = setTimeout(ask, time); };

  const ask = async () => {
    if (asking) return;
    if (held) return wait(500);
    asking = true;
    const begun = performance.now();
    try {
      const response = await fetch(location.href.split("#")[0], { headers: { "picket-fresh": "1" }, signal: AbortSignal.timeout(PATIENCE) });
      if (response.redirected) return stop("you are logged out: reload the page");
      if (!response.ok) throw new Error(`the agent answers ${response.status}`);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const took = performance.now() - begun;
      if (!on) return;
      for (const part of parts()) {
        const there = page.getElementById(part.id);
        if (there && !held && !selected(part)) mend(part, there, part.matches(":hover, :focus-within"));
      }
      document.dispatchEvent(new Event("picket-fresh"));
      [latest, failures] = [Date.now(), 0];
      said.textContent = "";
      wait(Math.min(MOST, Math.max(LEAST, took * TIMES)));
    } catch (error) {
      failures += 1;
      const why = error.message.startsWith("the agent") ? error.message : "not connected";
      if (on) said.textContent = `${why}; this is how it was at ${clock.format(latest)}`;
      wait(Math.min(MOST, LEAST * 2 ** failures));
    } finally {
      asking = false;
    }
  };

  // What was chosen holds for all pages of this browser.
  const kept = { get: () => { try { return localStorage.getItem("picket-live"); } catch { return null; } }, set: (value) => { try { localStorage.setItem("picket-live", value); } catch { /* Then it holds for this page. */ } } };
  const pressed = () => { button?.setAttribute("aria-pressed", String(on)); };
  const stop = (why) => { on = false; clearTimeout(waiting); pressed(); said.textContent = why; };
  const start = (after) => { on = true; failures = 0; pressed(); said.textContent = ""; wait(after); };
  document.addEventListener("visibilitychange", () => wait(Math.max(0, latest + LEAST - Date.now())));
  addEventListener("online", () => wait(0));
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      kept.set(on ? "off" : "on");
      if (on) stop(""); else start(0);
    });
    if (kept.get() === "off") stop(""); else start(LEAST);
  } else {
    const follow = () => { if (rows.getAttribute("aria-pressed") === "true") start(LEAST); else stop(""); };
    document.addEventListener("picket-live", follow);
    follow();
  }
})();

// Picket's UI works without this. It adds: times that go on, keys, completion, live rows, a brush on timelines.
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);

  // The server writes times in the zone that it is told of here.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && /^[\w+\-/]+$/.test(zone) && !document.cookie.split("; ").includes(`picket-zone=${zone}`)) {
    document.cookie = `picket-zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax`;
  }

  const rough = (seconds) => {
    if (seconds < 60) return `${seconds} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
    return `${Math.floor(seconds / 86400)} d`;
  };
  const tick = (within = document) => {
    const now = Date.now();
    for (const time of all("time[datetime]", within)) {
      const at = Date.parse(time.dateTime);
      if (Number.isNaN(at) || time.classList.contains("clock")) continue;
      const gone = Math.floor((now - at) / 1000);
      const said = gone === 0 ? "now" : gone > 0 ? `${rough(gone)} ago` : `in ${rough(-gone)}`;
      if (time.textContent !== said) time.textContent = said;
    }
  };
  // In the viewer's words, of the one that is pointed at: formats cost more than the rest of the page's script.
  let exact;
  document.addEventListener("pointerover", ({ target }) => {
    const time = target.closest?.("time[datetime]");
    const at = Date.parse(time?.dateTime);
    if (Number.isNaN(at)) return;
    exact ??= new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
    time.title = exact.format(at);
  });
  tick();
  setInterval(tick, 10000);
  // Parts of the page were mended.
  document.addEventListener("picket-fresh", () => tick());

  // Copying.
  for (const button of all("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }

  // Checking all rows.
  const boxes = () => all('tbody input[type="checkbox"][name="id"]');
  const counted = () => {
    const said = document.getElementById("checked");
    const count = boxes().filter((box) => box.checked).length;
    if (said) said.textContent = count === 0 ? "Check rows to change them" : `${count} checked:`;
  };
  const everything = one("[data-all]");
  if (everything) {
    everything.hidden = false;
    everything.setAttribute("aria-label", "Check all rows");
    everything.addEventListener("change", () => {
      for (const box of boxes()) box.checked = everything.checked;
      counted();
    });
    document.addEventListener("change", counted);
    counted();
  }

  // Keys.
  const rows = () => all("#rows > tr");
  let at = -1;
  const go = (by) => {
    const list = rows();
    if (list.length === 0) return;
    at = Math.max(0, Math.min(list.length - 1, at + by));
    for (const row of list) row.classList.remove("at");
    list[at].classList.add("at");
    list[at].scrollIntoView({ block: "nearest" });
    const link = one("a.open", list[at]) || one("a", list[at]);
    if (link) link.focus({ preventScroll: true });
  };
  let leading = false;
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape" && field) return void field.blur();
    if (field || event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]")) return;
    if (leading) {
      leading = false;
      const page = all("[data-key]").find((link) => link.dataset.key === event.key);
      if (page) { event.preventDefault(); page.click(); }
      return;
    }
    const act = {
      "/": () => { const query = document.getElementById("query"); if (query) { query.focus(); query.select(); } },
      j: () => go(1),
      k: () => go(-1),
      x: () => { const row = rows()[at]; const box = row && one("input[type=checkbox]", row); if (box) box.click(); },
      g: () => { leading = true; setTimeout(() => { leading = false; }, 1500); },
      "?": () => { const help = document.getElementById("help"); if (help) help.showModal(); },
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  // A rule is checked while it is written: the form is sent, and what came of it is taken out of the page.
  const rule = one("textarea[data-check]");
  if (rule) {
    let waiting = 0;
    let asked = 0;
    rule.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(async () => {
        const mine = ++asked;
        try {
          const response = await fetch(rule.form.getAttribute("action"), { method: "POST", body: new URLSearchParams(new FormData(rule.form)) });
          const page = new DOMParser().parseFromString(await response.text(), "text/html");
          const here = document.getElementById(rule.dataset.check);
          const there = page.getElementById(rule.dataset.check);
          if (mine === asked && here && there) here.replaceChildren(...there.childNodes);
        } catch {
          // The next key asks again.
        }
      }, 700);
    });
  }

  // Completion: what the API says could stand at the cursor.
  const field = one("input[data-complete]");
  if (field) {
    const list = document.createElement("ul");
    list.className = "complete";
    list.id = "complete";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Completions");
    list.hidden = true;
    field.after(list);
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", "complete");
    field.setAttribute("aria-expanded", "false");
    let found = null;
    let chosen = -1;
    let asked = 0;
    const close = () => { list.hidden = true; chosen = -1; field.setAttribute("aria-expanded", "false"); field.removeAttribute("aria-activedescendant"); };
    const choose = (index) => {
      chosen = index;
      [...list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === index)));
      if (index >= 0) {
        field.setAttribute("aria-activedescendant", `complete-${index}`);
        list.children[index].scrollIntoView({ block: "nearest" });
      }
    };
    const put = (index) => {
      // Columns count characters; a string's places count halves of some of them.
      const text = [...field.value];
      const from = found.column - 1;
      const item = found.items[index].text;
      const before = text.slice(0, from).join("") + item;
      field.value = before + text.slice(from + found.length).join("");
      field.setSelectionRange(before.length, before.length);
      field.focus();
      close();
      if (item.endsWith(":")) ask();
    };
    const ask = async () => {
      const mine = ++asked;
      // A column, from 1.
      const place = [...field.value.slice(0, field.selectionStart)].length + 1;
      const parameters = new URLSearchParams({ q: field.value, at: String(place), of: field.dataset.complete });
      let answer;
      try {
        const response = await fetch(`/complete?${parameters}`);
        if (!response.ok) return close();
        answer = await response.json();
      } catch { return close(); }
      if (mine !== asked || document.activeElement !== field) return;
      found = answer;
      list.replaceChildren(...answer.items.slice(0, 12).map((item, index) => {
        const line = document.createElement("li");
        line.id = `complete-${index}`;
        line.setAttribute("role", "option");
        line.setAttribute("aria-selected", "false");
        const text = document.createElement("code");
        text.textContent = item.text;
        const about = document.createElement("span");
        about.textContent = item.about;
        line.append(text, about);
        line.addEventListener("mousedown", (event) => { event.preventDefault(); put(index); });
        return line;
      }));
      chosen = -1;
      list.hidden = list.children.length === 0;
      field.setAttribute("aria-expanded", String(!list.hidden));
    };
    let waiting;
    // What was found is about another text now.
    field.addEventListener("input", () => { asked += 1; close(); clearTimeout(waiting); waiting = setTimeout(ask, 120); });
    field.addEventListener("blur", () => setTimeout(close, 120));
    field.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" && list.hidden) { event.preventDefault(); ask(); return; }
      if (list.hidden) return;
      const count = list.children.length;
      if (event.key === "ArrowDown") { event.preventDefault(); choose((chosen + 1) % count); }
      else if (event.key === "ArrowUp") { event.preventDefault(); choose((chosen + count - 1) % count); }
      else if (event.key === "Tab" && !event.shiftKey) { event.preventDefault(); put(Math.max(chosen, 0)); }
      else if (event.key === "Enter" && chosen >= 0) { event.preventDefault(); put(chosen); }
      else if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); close(); }
    });
  }

  // Live rows: rendered by the server, a few at a time; the page keeps two hundred.
  const MOST = 200;
  for (const button of all("[data-live]")) {
    button.hidden = false;
    const said = document.getElementById("live-said");
    let source = null;
    let left = 0;
    const press = (on) => {
      button.setAttribute("aria-pressed", String(on));
      document.dispatchEvent(new Event("picket-live"));
    };
    const stop = () => {
      if (source) source.close();
      source = null;
      press(false);
      said.textContent = "";
    };
    const start = () => {
      left = 0;
      source = new EventSource(button.dataset.live);
      press(true);
      said.textContent = "waiting for what happens";
      source.addEventListener("row", (event) => {
        const template = document.createElement("template");
        template.innerHTML = event.data;
        const row = template.content.firstElementChild;
        const body = document.getElementById("rows");
        if (!row || !body) return;
        const same = row.dataset.id && all("tr", body).find((other) => other.dataset.id === row.dataset.id);
        if (same) same.remove();
        row.classList.add("new");
        body.prepend(row);
        while (body.children.length > MOST) body.lastElementChild.remove();
        tick(row);
        if (at >= 0 && !same) at += 1;
        said.textContent = left > 0 ? `${left} more were not shown` : "";
      });
      source.addEventListener("left-out", (event) => { left += Number(event.data); said.textContent = `${left} more were not shown`; });
      source.onerror = () => { if (source) said.textContent = "not connected; trying again"; };
      source.onopen = () => { said.textContent = "connected"; };
    };
    button.addEventListener("click", () => (source ? stop() : start()));
    if (new URLSearchParams(location.search).has("live")) start();
  }

  // A brush on timelines: drag over a stretch to look at it alone.
  for (const drawing of all("svg[data-brush]")) {
    const width = 1000;
    const place = (event) => {
      const box = drawing.getBoundingClientRect();
      return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * width;
    };
    let from = null;
    let mark = null;
    drawing.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      from = place(event);
    });
    drawing.addEventListener("dragstart", (event) => event.preventDefault());
    drawing.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const to = place(event);
      if (!mark && Math.abs(to - from) < 8) return;
      if (!mark) {
        mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        mark.setAttribute("class", "brush");
        mark.setAttribute("y", "0");
        mark.setAttribute("height", "100");
        drawing.append(mark);
        drawing.setPointerCapture(event.pointerId);
      }
      mark.setAttribute("x", String(Math.min(from, to)));
      mark.setAttribute("width", String(Math.abs(to - from)));
    });
    const end = (event) => {
      const begun = from;
      from = null;
      if (!mark) return;
      mark.remove();
      mark = null;
      const [start, stop] = [Number(drawing.dataset.from), Number(drawing.dataset.to)];
      const time = (where) => new Date(start + ((stop - start) * where) / width).toISOString();
      const to = place(event);
      const target = new URL(drawing.dataset.brush, location.href);
      target.searchParams.delete("cursor");
      target.searchParams.set("from", time(Math.min(begun, to)));
      target.searchParams.set("to", time(Math.max(begun, to)));
      drawing.addEventListener("click", (click) => click.preventDefault(), { capture: true, once: true });
      location.assign(target);
    };
    drawing.addEventListener("pointerup", end);
    drawing.addEventListener("pointercancel", () => { from = null; if (mark) mark.remove(); mark = null; });
  }
})();

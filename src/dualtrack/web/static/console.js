// What makes the console quicker where there is script; every page works without it.
//
// data-swap="#id"     on a link or form: fetch its page and replace that element by its new self
// data-live="URL"     on an element with an id: listen to that event stream. Each event says so on the element's status line, in the
//                     words of its templates (data-say), and reads the parts of the page that data-part names again while nobody
//                     writes or stands in them. Without templates the element itself is read again, from data-source or the page.
// data-again          a link that reads the page again, unless somebody is writing on it
// data-theme-form     the theme is set at once, then sent
// data-copy           a button that copies the code beside it
"use strict";

(() => {
  const announce = (text) => {
    const place = document.getElementById("announce");
    if (place) place.textContent = text;
  };

  // --- fragments ---

  const sameOrigin = (address) => new URL(address, location.href).origin === location.origin;

  const load = async (address, options) => {
    const response = await fetch(address, {
      credentials: "same-origin",
      redirect: "follow",
      ...options,
      headers: { Accept: "text/html", "X-Fragment": "1", ...(options && options.headers) },
    });
    const type = response.headers.get("Content-Type") || "";
    if (!type.startsWith("text/html") || !sameOrigin(response.url)) return null;
    return { url: response.url, page: new DOMParser().parseFromString(await response.text(), "text/html") };
  };

  // The element that has the focus is found again by its id, or by its name or address within the fragment.
  const focusKey = (element, inside) => {
    if (!element || !inside.contains(element)) return null;
    if (element.id) return `#${CSS.escape(element.id)}`;
    if (element.name) return `${element.localName}[name="${CSS.escape(element.name)}"]`;
    const href = element.getAttribute("href");
    return href ? `a[href="${CSS.escape(href)}"]` : null;
  };

  const place = (selector, page) => {
    const old = document.querySelector(selector);
    const fresh = page.querySelector(selector);
    if (!old || !fresh) return false;
    const held = old.contains(document.activeElement);
    const key = focusKey(document.activeElement, old);
    const opened = [...old.querySelectorAll("details[open][id]")].map((item) => item.id);
    old.replaceWith(fresh);
    fresh.classList.add("swapped");
    for (const id of opened) {
      const item = document.getElementById(id);
      if (item) item.open = true;
    }
    if (held) {
      const next = (key && fresh.querySelector(key)) || fresh;
      if (next === fresh && !fresh.hasAttribute("tabindex")) fresh.setAttribute("tabindex", "-1");
      next.focus({ preventScroll: true });
    }
    prepare(fresh);
    return true;
  };

  const swap = async (selector, address, options, remember) => {
    const target = document.querySelector(selector);
    if (!target) return false;
    target.setAttribute("aria-busy", "true");
    try {
      const loaded = await load(address, options);
      if (!loaded) return false;
      const said = loaded.page.querySelector("[role=alert], [role=status]:not(#announce, .news)");
      const words = said && said.textContent.trim(); // read before its element moves to this page
      if (!place(selector, loaded.page)) return false;
      if (loaded.page.title) document.title = loaded.page.title;
      if (remember) history.pushState({ swap: selector }, "", loaded.url);
      announce(words || document.title);
      return true;
    } catch {
      return false;
    } finally {
      target.removeAttribute("aria-busy");
    }
  };

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-swap]");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.target || !sameOrigin(link.href)) return;
    event.preventDefault();
    if (!(await swap(link.dataset.swap, link.href, {}, true))) location.assign(link.href);
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.matches("form[data-theme-form]")) return theme(event, form);
    if (!form.matches("form[data-swap]") || form.dataset.sent || !sameOrigin(form.action)) return undefined;
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    const words = new URLSearchParams([...data].filter(([, value]) => typeof value === "string"));
    const reading = form.method.toLowerCase() === "get";
    const address = new URL(form.action);
    if (reading) address.search = words.toString();
    const files = [...data.values()].some((value) => typeof value !== "string");
    const options = reading ? {} : { method: "POST", body: files ? data : words };
    form.dataset.sent = "1"; // a second press while the first is on its way sends nothing
    const done = await swap(form.dataset.swap, address.href, options, true);
    delete form.dataset.sent;
    // A change that was sent once is never sent again: what came of it is read from the page itself.
    if (!done) location.assign(reading ? address.href : location.href);
    return undefined;
  });

  addEventListener("popstate", (event) => {
    if (event.state && event.state.swap) swap(event.state.swap, location.href, {}, false).then((done) => done || location.reload());
    else if (history.state === null && !location.hash) location.reload();
  });

  // --- live parts ---

  const changed = (field) => {
    if (field.type === "hidden" || field.disabled) return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.localName === "select") {
      const chosen = [...field.options].some((item) => item.defaultSelected);
      return chosen ? [...field.options].some((item) => item.selected !== item.defaultSelected) : field.selectedIndex > 0;
    }
    // What a refused form was filled with again was typed too, though the server wrote it back.
    const typed = field.form && field.form.method === "post" && field.value !== "" && !field.readOnly;
    return field.value !== field.defaultValue || typed;
  };

  // Somebody writes: a field of the page is filled or has the focus.
  const writing = () => {
    const main = document.getElementById("main") || document.body;
    const active = document.activeElement;
    if (main.contains(active) && active.matches("input, textarea, select")) return true;
    return [...main.querySelectorAll("input, textarea, select")].some(changed);
  };

  // Somebody reads just there: words of it are marked.
  const marked = (element) => {
    const selection = getSelection();
    return !selection.isCollapsed && selection.containsNode(element, true);
  };

  const tell = (holder, name) => {
    const words = holder.querySelector(`template[data-say="${name}"]`);
    const line = holder.querySelector(".news");
    if (!words || !line || line.dataset.said === name) return; // said once: a busy day is not read out line by line
    line.dataset.said = name;
    line.replaceChildren(words.content.cloneNode(true));
  };

  const again = (holder) => {
    const link = holder.querySelector("a[data-again]");
    return link ? link.href : location.href;
  };

  const PAUSE_MS = 2000; // between two readings of one part
  const UNASKED = { headers: { "X-Fragment": "live" } }; // nobody did anything: it keeps no session alive
  const streams = new Map();

  const reread = async (holder) => {
    if (!holder.querySelector("template[data-say]")) {
      if (writing() && holder.contains(document.activeElement)) return;
      const loaded = await load(holder.dataset.source || location.href, UNASKED);
      if (loaded) place(`#${CSS.escape(holder.id)}`, loaded.page);
      return;
    }
    const parts = (holder.dataset.part || "").split(" ").filter((id) => document.getElementById(id));
    const anyMarked = () => parts.some((id) => marked(document.getElementById(id)));
    if (!parts.length) return tell(holder, writing() ? "kept" : "new");
    const loaded = writing() || anyMarked() ? null : await load(again(holder), UNASKED);
    // Between asking and answer somebody may have begun to write.
    if (writing()) return tell(holder, "kept");
    if (!loaded || anyMarked()) return tell(holder, "new");
    const placed = parts.filter((id) => place(`#${CSS.escape(id)}`, loaded.page));
    return tell(holder, placed.length === parts.length ? "shown" : "new");
  };

  const hear = async (id, event) => {
    const known = streams.get(id);
    if (!known) return;
    known.seen = event.lastEventId || known.seen;
    known.owed = true;
    if (known.busy) return;
    known.busy = true;
    while (known.owed && streams.get(id) === known) {
      known.owed = false;
      const holder = document.getElementById(id);
      if (!holder) {
        known.stream.close();
        streams.delete(id);
        return;
      }
      try {
        await reread(holder);
      } catch {
        tell(holder, "new"); // the page could not be read; the line says that there is something to read
      }
      await new Promise((done) => { setTimeout(done, PAUSE_MS); });
    }
    known.busy = false;
  };

  const listen = (element, seen) => {
    const { live } = element.dataset;
    if (document.hidden || !element.id || streams.has(element.id) || !sameOrigin(live)) return;
    const address = new URL(live, location.href);
    if (seen) address.searchParams.set("seen", seen);
    const stream = new EventSource(address);
    const known = { stream, seen, busy: false, owed: false };
    const { id } = element;
    streams.set(id, known);
    stream.addEventListener("hello", (event) => { known.seen = event.lastEventId || known.seen; });
    stream.addEventListener("message", (event) => hear(id, event));
    stream.addEventListener("refresh", (event) => hear(id, event));
  };

  // A page that nobody looks at holds no stream: browsers have few connections. It asks for what it missed when it is seen again.
  const rest = () => {
    const seen = new Map([...streams].map(([id, known]) => [id, known.seen]));
    for (const known of streams.values()) known.stream.close();
    streams.clear();
    return seen;
  };
  let missed = new Map();
  const wake = () => {
    for (const element of document.querySelectorAll("[data-live]")) listen(element, missed.get(element.id));
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) missed = rest();
    else wake();
  });
  addEventListener("pagehide", () => { missed = rest(); });
  addEventListener("pageshow", (event) => { if (event.persisted) wake(); });

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-again]");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || !sameOrigin(link.href)) return;
    event.preventDefault();
    const holder = link.closest("[data-live]");
    if (writing()) tell(holder, link.closest(".news") ? "kept" : "wait");
    else if (!(await swap("#main", link.href, {}, false))) location.assign(link.href);
  });

  // --- theme and copy ---

  const theme = async (event, form) => {
    const button = event.submitter;
    if (!button || button.name !== "theme") return;
    event.preventDefault();
    const root = document.documentElement;
    root.classList.remove("theme-auto", "theme-light", "theme-dark");
    root.classList.add(`theme-${button.value}`);
    for (const item of form.querySelectorAll("button[name=theme]")) item.setAttribute("aria-pressed", String(item === button));
    announce(button.textContent.trim());
    try {
      await load(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, button)) });
    } catch {
      // the page already shows it; the next page asks the server again
    }
  };

  const prepare = (root) => {
    for (const element of root.querySelectorAll("[data-live]")) listen(element);
    if (root.matches && root.matches("[data-live]")) listen(root);
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("button[data-copy]")) button.hidden = false;
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const box = button.closest("[data-copyable]");
    await navigator.clipboard.writeText(box.querySelector("code").textContent);
    const label = button.textContent;
    button.textContent = button.dataset.done;
    announce(button.dataset.done);
    setTimeout(() => { button.textContent = label; }, 2000);
  });

  // One menu at a time; Escape closes it and gives the focus back.
  const shut = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
  };
  document.addEventListener("click", (event) => shut(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  prepare(document);
})();

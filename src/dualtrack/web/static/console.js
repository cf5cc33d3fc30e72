// What makes the console quicker where there is script; every page works without it.
//
// data-swap="#id"     on a link or form: fetch its page and replace that element by its new self
// data-live="URL"     on an element with an id: listen to that event stream; each event fetches the page (or data-source) again
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
      const said = loaded.page.querySelector("[role=alert], [role=status]:not(#announce)");
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

  // --- live fragments ---

  const typing = (element) => {
    const active = document.activeElement;
    return element.contains(active) && active.matches("input, textarea, select");
  };

  const streams = new Map();

  const listen = (element) => {
    const address = element.dataset.live;
    if (!element.id || streams.has(element.id) || !sameOrigin(address)) return;
    const stream = new EventSource(address);
    let waiting = false;
    const refresh = async () => {
      const here = document.getElementById(element.id);
      if (!here) {
        stream.close();
        streams.delete(element.id);
        return;
      }
      if (waiting || document.hidden || typing(here)) return;
      waiting = true;
      try {
        const loaded = await load(here.dataset.source || location.href, {});
        if (loaded && place(`#${CSS.escape(element.id)}`, loaded.page)) announce(here.dataset.said || "");
      } catch {
        // the stream reconnects by itself; the next event tries again
      } finally {
        waiting = false;
      }
    };
    stream.addEventListener("message", refresh);
    stream.addEventListener("refresh", refresh);
    streams.set(element.id, stream);
  };

  addEventListener("pagehide", () => streams.forEach((stream) => stream.close()));

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

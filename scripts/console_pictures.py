"""The console of a demo workspace, served as `dualtrack serve` does, with a browser that looks at any place as any role.

A look is a language, a theme and a width. Each place is checked in it: no barrier (axe), no broken page policy, no body wider
than the window, everything within reach of the keyboard and with a focus that shows.
"""

from __future__ import annotations

import logging
import math
import re
import shutil
import socket
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import uvicorn
from console_places import BANK, NOBODY, Place, prepare

from dualtrack.demo.chats import CHATS_NAME
from dualtrack.demo.receipts import RECEIPTS_NAME
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace
from dualtrack.web.asking import LANGUAGE_COOKIE, THEME_COOKIE
from dualtrack.web.demo_accounts import ensure_demo_accounts
from dualtrack.web.identity.permissions import FRESH_S_MAX
from dualtrack.web.logs import configure_logs
from dualtrack.web.serving import SERVER_OPTIONS, open_app
from dualtrack.web.settings import RateSettings, WebSettings, write_settings
from dualtrack.web.views.rendering import Language, Theme

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

__all__ = ["LOOKS", "Look", "Visitor", "serve", "visiting"]

WIDTHS = (1280, 390)
TOKEN = re.compile(r'name="token" value="([^"]+)"')
START_S = 30
"""Seconds that a server may take to start on a machine that does other things too."""

ADVICE = "[DOM]"
"""How the browser begins advice about forms: it complains of no error."""

WAIT_MS = 30_000
"""Milliseconds that a page may take on such a machine."""

FOCUS_JS = """() => {
  const wrong = [];
  const skip = document.activeElement;
  const below = skip.getBoundingClientRect();
  if (!skip.matches("a.skip[href='#main']") || below.top < 0) wrong.push("the first Tab does not show the link to the content");
  const query = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex], [onclick]";
  for (const item of document.querySelectorAll(query)) {
    if (!item.checkVisibility({ visibilityProperty: true }) || item.disabled || item.id === "main") continue;
    const name = item.outerHTML.slice(0, 90);
    item.focus();
    if (document.activeElement !== item || item.tabIndex < 0) wrong.push(`out of reach: ${name}`);
    const style = getComputedStyle(item);
    if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) wrong.push(`no visible focus: ${name}`);
  }
  document.activeElement.blur();
  return wrong;
}"""
"""What the keyboard cannot reach or shows no focus on. It stands after a Tab, so that the browser shows focus as to a keyboard."""


THIN_JS = """(most) => {
  const lists = document.querySelectorAll("tbody, ul, ol, dl, select");
  const parents = new Set([...document.querySelectorAll("details.drill, form > fieldset")].map((item) => item.parentElement));
  for (const list of lists) for (const item of [...list.children].slice(most)) item.remove();
  for (const parent of parents) {
    const same = parent.querySelectorAll(":scope > details.drill, :scope > fieldset");
    for (const item of [...same].slice(most)) item.remove();
  }
}"""
"""Take out what repeats: axe's time grows faster than a page, and a list's hundredth row is built like its fifth."""

ALIKE_MAX = 5
"""Rows, items or parts of one list that axe is shown when it has to be quick."""


class Look(NamedTuple):
    """How a page is looked at."""

    language: Language
    theme: Theme
    width: int

    @property
    def name(self) -> str:
        """Return the look in a word, for files."""
        return f"{self.language.value}-{self.theme.value}-{self.width}"


LOOKS = tuple(Look(*given) for given in product(Language, (Theme.LIGHT, Theme.DARK), WIDTHS))
"""Every language, theme and width."""


class Served(NamedTuple):
    """A served demo: its address, names and passwords by role, and the addresses of its receipts and chats."""

    base: str
    accounts: dict[str, tuple[str, str]]
    receipts: list[str]
    chats: list[str]


@contextmanager
def serve(folder: Path) -> Iterator[Served]:
    """Serve a demo workspace on a free port for the time of the block. It is written to: give a copy."""
    workspace = Workspace.open(folder)
    write_settings(workspace, WebSettings(rate=RateSettings(burst=100_000, a_second=10_000.0)))
    with Store.open(workspace) as store:
        listed = ensure_demo_accounts(store, lambda: datetime.now(UTC)).read_text("utf-8")
    receipts = [line.split()[0] for line in (folder / RECEIPTS_NAME).read_text().splitlines() if line.startswith("/r/")]
    chats = [line.split()[0] for line in (folder / CHATS_NAME).read_text().splitlines() if line.startswith("/apps/")]
    words = (line.split() for line in listed.splitlines())
    accounts = {found[1].removeprefix(f"{BANK}-"): (found[1], found[2]) for found in words if len(found) == 3}
    listening = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(open_app(workspace, base), **SERVER_OPTIONS))
    configure_logs(level=logging.ERROR)
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
    thread.start()
    try:
        until = time.monotonic() + START_S
        while not server.started and time.monotonic() < until:
            time.sleep(0.02)
        yield Served(base, accounts, receipts, chats)
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


class Visitor:
    """A browser with one window for each role. `look_at` opens a place; `problems` says what is wrong with it."""

    def __init__(self, browser: Browser, served: Served) -> None:
        self._browser, self._served = browser, served
        self._pages: dict[str, Page] = {}
        self._said: list[str] = []
        self._entered: dict[str, float] = {}
        self.visited: set[str] = set()
        self._found = prepare(self.page_of, served.base, served.receipts, served.chats)

    def page_of(self, role: str) -> Page:
        """Return the window of a role, signed in."""
        if role not in self._pages:
            context: BrowserContext = self._browser.new_context(reduced_motion="reduce")
            context.set_default_timeout(WAIT_MS)
            page = context.new_page()
            page.on("console", lambda message: self._said.append(message.text))
            page.on("pageerror", lambda error: self._said.append(str(error)))
            if role != NOBODY:
                self._sign_in(context, role)
            self._pages[role] = page
        return self._pages[role]

    def _sign_in(self, context: BrowserContext, role: str) -> None:
        """Sign in without a page: the door is a place of its own."""
        name, password = self._served.accounts[role]
        self._entered[role] = time.monotonic()
        context.clear_cookies()
        door = f"{self._served.base}/sign-in"
        token = TOKEN.findall(context.request.get(door).text())[0]
        sent = context.request.post(
            door,
            form={"name": name, "password": password, "token": token},
            headers={"origin": self._served.base},
            max_redirects=0,
        )
        assert sent.status == 303, f"{name} is not let in: {sent.status}"

    def look_at(self, place: Place, look: Look) -> Page:
        """Open a place in a look, do on it what it asks for, and return its window."""
        page = self.page_of(place.role)
        if time.monotonic() - self._entered.get(place.role, math.inf) > FRESH_S_MAX / 2:
            self._sign_in(page.context, place.role)  # else a page that asks for a late password would open at the door
        page.set_viewport_size({"width": look.width, "height": 900})
        given = {LANGUAGE_COOKIE: look.language.value, THEME_COOKIE: look.theme.value}
        page.context.add_cookies([{"name": n, "value": v, "url": self._served.base} for n, v in given.items()])
        self._said.clear()
        opened = page.goto(self._served.base + place.path.format(**self._found))
        answer = place.act(page) or opened
        self.visited.add(urlsplit(page.url).path)
        assert answer is not None, f"{place.name}: nothing was opened"
        assert answer.status == place.status, f"{place.name}: {answer.status}, not {place.status}, at {page.url}"
        return page

    def problems(self, page: Page, *, alike_max: int | None = None) -> list[str]:
        """Return what is wrong with the page that was opened, a line each. `alike_max` shows axe so much of each list only.

        The page is not to be looked at afterwards: its parts are opened, and thinned out.
        """
        said = [text for text in self._said if not text.startswith(ADVICE) and "status of 4" not in text]
        wrong = [f"the browser says: {text}" for text in said]
        page.evaluate("document.querySelectorAll('details:not(.menu)').forEach((item) => { item.open = true; })")
        wrong += _too_wide(page)
        page.evaluate("window.scrollTo(0, 0)")
        page.keyboard.press("Tab")
        wrong += page.evaluate(FOCUS_JS)
        if alike_max is not None:
            page.evaluate(THIN_JS, alike_max)
        return wrong + _barriers(page, {})

    def turn(self, page: Page, look: Look) -> list[str]:
        """Show the page that was just checked in another theme and width, without opening it again; return what is wrong with that.

        What a page is made of does not change with them: only colours, widths and the sizes of targets are looked at.
        """
        page.set_viewport_size({"width": look.width, "height": 900})
        page.evaluate("(name) => { document.documentElement.className = name; }", f"theme-{look.theme.value}")
        return _too_wide(page) + _barriers(
            page, {"runOnly": ["color-contrast", "target-size", "scrollable-region-focusable"]}
        )

    def picture_file(self, file: Path, target: Path, size: tuple[int, int]) -> None:
        """Take a picture of a page that lies in a file."""
        page = self._browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.goto(file.absolute().as_uri())
        page.screenshot(path=target)
        page.close()


def _too_wide(page: Page) -> list[str]:
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"the body is {wider} px wider than the window"] if wider > 0 else []


def _barriers(page: Page, options: dict[str, object]) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - only checks need it

    found = Axe().run(page, options={"resultTypes": ["violations"], **options})
    return [found.generate_report()] if found.violations_count else []


@contextmanager
def visiting(folder: Path) -> Iterator[Visitor]:
    """Serve a demo workspace and open a browser on it. It is written to: give a copy."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - heavy

    with serve(folder) as served, sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            yield Visitor(browser, served)
        finally:
            browser.close()

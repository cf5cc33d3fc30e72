"""Pages in a real browser with the console's headers: no barrier (axe), no broken policy, no page wider than its window."""

from __future__ import annotations

import pytest
from design_pages import CHROMIUM, needs_browser, script
from page_world import EVERY_ROLE, FIRM, USE, PageWorld

from dualtrack.web.identity.who import Identity
from dualtrack.web.views.rendering import Language, Theme

pytestmark = [needs_browser, pytest.mark.slow]

PLACES = {
    "portfolio": ("/",),
    "use": (f"/uses/{USE}", f"/uses/{USE}/to-green"),
    "assessment": (f"/uses/{USE}/assessment", "/evidence/{evidence}"),
    "decisions": ("/decisions", "/decisions/{decision}"),
    "ledger": ("/ledger", "/ledger/{evidence}"),
    "receipt": ("/r", "/r/{receipt}"),
    "rulepacks": ("/packs", "/packs/sfc-24ec55"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return the address of a served world and the names that stand in the places."""
    world = PageWorld(tmp_path_factory.mktemp("pages"), ())
    world.permit()
    world.start()
    answer = world.decide(person="customer 7")
    names = {
        "evidence": next(entry.index for entry in world.register.repository.entries(kinds=("evidence/1",))),
        "decision": answer.decision,
        "receipt": answer.receipt,
    }
    base = script("console_pictures").Handler

    class Handler(base):
        runtime = world.runtime
        identity = Identity(name="ann", institution=FIRM, roles=EVERY_ROLE, means="session", holder="owner")

    with script("console_gallery").serving(Handler) as address:
        yield address, names, Handler
    world.close()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        opened = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize(("language", "theme", "width"), [("en", "light", 390), ("zh-Hant", "dark", 1280)])
@pytest.mark.parametrize("name", PLACES)
def test_a_page_has_no_barrier_and_breaks_no_policy(site, browser, name, language, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    address, names, handler = site
    handler.language, handler.theme = Language(language), Theme(theme)
    for place in PLACES[name]:
        said = []
        tab = browser.new_page(viewport={"width": width, "height": 900})
        tab.on("console", lambda message, said=said: said.append(message.text))
        tab.on("pageerror", lambda error, said=said: said.append(str(error)))
        answer = tab.goto(address + place.format(**names))
        assert answer.status == 200, place
        tab.evaluate("document.querySelectorAll('details:not(.menu)').forEach((item) => { item.open = true; })")
        found = Axe().run(tab)
        assert found.violations_count == 0, found.generate_report()
        assert tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, place
        assert [text for text in said if "Password forms" not in text] == []
        tab.close()

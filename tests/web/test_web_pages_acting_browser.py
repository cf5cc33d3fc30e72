"""The pages on which people act in a real browser: readable by everybody, within the page policy, and on a telephone."""

from __future__ import annotations

import pytest
from acting_pages import finished_pages
from design_pages import CHROMIUM, needs_browser, script

from dualtrack.web.views.rendering import Language

pytestmark = [needs_browser, pytest.mark.slow]


@pytest.mark.parametrize("language", [item.value for item in Language])
def test_pages_are_accessible_within_policy_and_fit(tmp_path, language):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    gallery = script("console_gallery")
    pages = finished_pages(tmp_path, language)

    class Pages(gallery.Handler):
        def do_GET(self):
            name = self.path.removeprefix("/page/")
            if name in pages:
                self._send(200, "text/html; charset=utf-8", pages[name].encode())
            elif self.path == "/favicon.ico":
                self._send(404, "text/plain", b"")
            else:
                super().do_GET()

    wrong = []
    with gallery.serving(Pages) as address, sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 900})
        page.on("console", lambda message: wrong.append(message.text) if message.type in {"error", "warning"} else None)
        for name in pages:
            page.goto(f"{address}/page/{name}")
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            wrong += [f"{name}: {wider} px too wide"] if wider > 0 else []
            found = Axe().run(page)
            wrong += [f"{name}: {found.generate_report()}"] if found.violations_count else []
        browser.close()
    assert wrong == []

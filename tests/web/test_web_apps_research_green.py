"""Green claims in the console: every claim with its verdict, each cell leading to its place on the page, rows said to be indicative."""

from __future__ import annotations

import re

import pytest
from design_pages import CHROMIUM, needs_browser, script
from page_language import english_in
from server_world import USE, ConsoleRole, ServerWorld

pytest.importorskip("typst", reason="the reports extra (typst) is not installed")
pytest.importorskip("pypdfium2", reason="the research extra (pypdfium2) is not installed")

import typst

from dualtrack.apps.research.state import state
from permit.firm import FIRM

GREEN, DESK = "/apps/research/green", "/apps/research/desk"
REPORT = """
#set page(paper: "a4", margin: 20mm)
= Environment
Our Scope 1 and 2 emissions fell by 12% in 2025 compared with 2024.

Our water consumption rose by 4% in the year.

Our solar panels are eco-friendly.

#table(columns: (1fr, auto, auto, auto), stroke: none, align: (x, y) => if x == 0 { left } else { right },
  [Environmental performance], [Unit], [2025], [2024],
  [Total (Scope 1 and 2)], [tCO2e], [11,440], [13,000],
  [Water consumption], [m3], [48,000], [50,000],
)
"""
SHEET = 'Environmental performance,Unit,2025,2024\nWater consumption,m3,"48,000","50,000"\n'
SETTINGS = f"format: dualtrack.research/1\ndesks: [{{use: {USE}, qualified: []}}]\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    world = ServerWorld(tmp_path_factory.mktemp("green"))
    world.world.workspace.path("research.yaml").write_text(SETTINGS, encoding="utf-8")
    world.runtime.snapshots.refresh()
    world.analyst = world.signed_in(ConsoleRole.OWNER)
    world.before = world.analyst.get(GREEN).text
    sent = {"licence": "own report", "issuer": "Lantern", "period": "FY2025", "form": "esg"}
    pdf = typst.compile(REPORT.encode(), format="pdf")
    for name, data, kind in (("esg.pdf", pdf, "application/pdf"), ("esg.csv", SHEET.encode(), "text/csv")):
        assert world.analyst.post(f"{DESK}/load", sent, files={"file": (name, data, kind)}).status_code == 303
    rows = state(world.runtime.registers[FIRM]).rows("document")
    world.found = {row["name"]: row["sha256"] for row in rows}
    yield world
    world.close()


def page_of(world, name, **more):
    query = "&".join(f"{key}={value}" for key, value in {"document": world.found[name], **more}.items())
    return world.analyst.get(f"{GREEN}?{query}")


def test_claims_are_shown_with_verdict_evidence_and_share(served):
    assert "No document is loaded" in served.before
    page = page_of(served, "esg.pdf").text
    for wanted in (
        "Our water consumption rose by 4% in the year.", "contradicted", "11,440", "1 / 3 (33%)", "6% – 79%", "own report",
        "indicative", "Electric power generation", "of secondary grade", "may be true",
    ):  # fmt: skip
        assert wanted in page, wanted
    assert "Environment Our Scope" not in page  # a heading is no part of the sentence below it
    pictures = re.findall(r'href="(/apps/research/cell/[^"]+)"', page)
    assert len(pictures) == 4
    seen = served.analyst.get(pictures[0].replace("&amp;", "&"))
    assert (seen.status_code, seen.content[:4]) == (200, b"\x89PNG")


def test_a_document_without_claims_says_so_and_has_no_share(served):
    page = page_of(served, "esg.csv").text
    assert "No claims about the environment were found" in page
    assert "95% interval" not in page


def test_the_page_is_chinese_for_a_reader_of_chinese_and_refuses_what_is_not_here(served):
    zh = page_of(served, "esg.pdf", lang="zh-Hant").text
    assert "與報告不符" in zh
    assert [text for text in english_in(zh) if "（譯）" not in text] == []
    missing = served.analyst.get(f"{GREEN}?document={'0' * 64}")
    assert (missing.status_code, "no such document" in served.analyst.get(f"{GREEN}?document=x&lang=en").text) == (
        404,
        True,
    )
    assert served.signed_in(ConsoleRole.AUDITOR).get(GREEN).status_code == 403


@needs_browser
@pytest.mark.slow
def test_the_page_is_accessible_within_policy_and_fits_in_both_languages(served):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    gallery = script("console_gallery")
    pages = {f"/{language}": page_of(served, "esg.pdf", lang=language).text for language in ("en", "zh-Hant")}

    class Pages(gallery.Handler):
        def do_GET(self):
            if self.path in pages:
                self._send(200, "text/html; charset=utf-8", pages[self.path].encode())
            elif self.path == "/favicon.ico":
                self._send(404, "text/plain", b"")
            else:
                super().do_GET()

    wrong = []
    with gallery.serving(Pages) as address, sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        for place, width in ((place, width) for place in pages for width in (390, 1280)):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{address}{place}")
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            wrong += [f"{place}, {width}: {wider} px too wide"] if wider > 0 else []
            found = Axe().run(page)
            wrong += [found.generate_report()] if found.violations_count else []
        browser.close()
    assert wrong == []

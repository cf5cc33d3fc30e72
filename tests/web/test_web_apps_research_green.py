"""Green claims in the console: every claim with its verdict, each cell leading to its place on the page, rows said to be indicative."""

from __future__ import annotations

import json
import re

import pytest
from design_pages import CHROMIUM, needs_browser, script
from page_language import english_in
from server_world import USE, ConsoleRole, ServerWorld

pytest.importorskip("typst", reason="the reports extra (typst) is not installed")
pytest.importorskip("pypdfium2", reason="the research extra (pypdfium2) is not installed")

import typst

from dualtrack.apps.research.desk import Desk
from dualtrack.apps.research.state import state
from dualtrack.errors import NotFoundError
from dualtrack.runtime.holds import release_hold, set_hold
from dualtrack.runtime.lookup import contents_of, find_decision, indices_of
from permit.firm import FIRM, known_key

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
POLICY = {"guards": [], "fields": [{"name": "question", "type": "string"}], "output": {}}
SETTINGS = f"format: dualtrack.research/1\ndesks: [{{use: {USE}, qualified: []}}]\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    world = ServerWorld(tmp_path_factory.mktemp("green"))
    world.world.again(**POLICY)
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


def check(world, sha256):
    return world.analyst.post(GREEN, {"document": sha256})


def page_of(world, name, **more):
    """Check a document; return the page of its decision."""
    checked = check(world, world.found[name])
    assert checked.status_code == 303
    return world.analyst.get(
        "&".join([checked.headers["location"], *(f"{key}={value}" for key, value in more.items())])
    )


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
    for language, words in (("en", "no document x"), ("zh-Hant", "未能完成")):
        served.analyst.get(f"{GREEN}?lang={language}")
        missing = check(served, "x")
        assert (missing.status_code, words in missing.text) == (404, True)
    served.analyst.get(f"{GREEN}?lang=en")
    assert served.signed_in(ConsoleRole.AUDITOR).get(GREEN).status_code == 403


def decisions(world):
    return len(indices_of(world.runtime.registers[FIRM], "decision/1", USE))


def test_a_check_is_a_decision_on_record_that_its_page_leads_to_and_choosing_is_none(served):
    before = decisions(served)
    chosen = served.analyst.get(f"{GREEN}?document={served.found['esg.pdf']}").text
    assert "contradicted" not in chosen
    assert decisions(served) == before
    page = page_of(served, "esg.pdf").text
    (decision,) = re.findall(r'href="/decisions/([^"]+)"', page)
    record = find_decision(served.runtime.registers[FIRM], decision)
    assert (record.use, record.outcome) == (USE, "served")
    assert served.analyst.get(f"/decisions/{decision}").status_code == 200
    report = json.loads(contents_of(served.runtime.registers[FIRM]).open(record.output))
    assert (report["sha256"], report["counts"]["contradicted"]) == (served.found["esg.pdf"], 1)
    assert decisions(served) == before + 1
    assert served.analyst.get(f"{GREEN}?decision={'0' * 26}").status_code == 404


def test_only_green_checks_of_the_desk_are_shown_by_their_decision(served):
    served.analyst.post(f"{DESK}/ask", {"question": "What was the water consumption of Lantern in 2025?"})
    with Desk(served.runtime, FIRM) as desk:
        asked = desk.answers()[0].decision
        desk._settle(asked)
        with pytest.raises(NotFoundError, match="no green check"):
            desk.checked_green(asked)


def test_a_check_that_a_person_reads_first_is_shown_only_after_it_was_let_go(served):
    served.world.again(**POLICY, review={"mode": "hold", "due_minutes": 30})
    served.runtime.snapshots.refresh()
    try:
        page = page_of(served, "esg.pdf").text
        assert "A person reads this answer before it is shown" in page
        assert "contradicted" not in page
    finally:
        served.world.again(**POLICY)
        served.runtime.snapshots.refresh()


def test_on_hold_nothing_is_checked_and_both_languages_say_why(served):
    register = served.runtime.registers[FIRM]
    hold = set_hold(register, known_key("executive"), scope="use", target=USE, reason="a test")
    served.runtime.snapshots.refresh()
    try:
        for language, words in (("en", "It was not done."), ("zh-Hant", "此用途已暫停，因此不作答")):
            served.analyst.get(f"{GREEN}?lang={language}")
            refused = check(served, served.found["esg.pdf"])
            assert (refused.status_code, words in refused.text) == (423, True)
            assert "11,440" not in refused.text
    finally:
        release_hold(register, known_key("compliance"), hold.hold.id, "a test")
        served.runtime.snapshots.refresh()
        served.analyst.get(f"{GREEN}?lang=en")


def test_the_same_file_under_a_stricter_licence_is_kept_so_and_a_looser_one_is_refused(served):
    def sent(licence):
        form = {"licence": licence, "issuer": "Lantern", "period": "FY2025", "form": "esg"}
        data = SHEET.replace("50,000", "51,000").encode()
        return served.analyst.post(f"{DESK}/load", form, files={"file": ("licensed.csv", data, "text/csv")})

    def held():
        (row,) = [
            each for each in state(served.runtime.registers[FIRM]).rows("document") if each["name"] == "licensed.csv"
        ]
        with Desk(served.runtime, FIRM) as desk:
            (kept,) = [each.about.licence for each in desk.store.documents() if each.sha256 == row["sha256"]]
        return row["licence"], row["quote_characters"], kept

    assert sent("HKEX filing").status_code == 303
    assert held() == ("HKEX filing", 1500, "HKEX filing")
    assert sent("strictly confidential, do not quote").status_code == 303
    narrow = ("strictly confidential, do not quote", 0, "strictly confidential, do not quote")
    assert held() == narrow
    for language, words in (("en", "strictly confidential, do not quote"), ("zh-Hant", "此檔案已按另一使用許可載入")):
        served.analyst.get(f"{DESK}?lang={language}")
        looser = sent("HKEX filing")
        assert (looser.status_code, words in looser.text) == (409, True)
    served.analyst.get(f"{DESK}?lang=en")
    assert held() == narrow
    assert sent("strictly confidential, do not quote").status_code == 303
    assert held() == narrow


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

"""The page of the assurance report: the report's own numbers and standings, every entry a link, files beside it, both languages."""

from __future__ import annotations

import re

import pytest
from acting_world import ActingWorld, words
from page_language import english_in

from dualtrack.errors import ForbiddenError, MissingExtraError, NotFoundError
from dualtrack.evidence.reporting import typst as printing
from dualtrack.evidence.reporting.content import assurance_report
from dualtrack.evidence.reporting.plain import report_json
from dualtrack.web.identity.permissions import VERBS_OF, Verb
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages import assurance, use
from dualtrack.web.pages.base import Download
from evidence.reported import measure
from permit.firm import FIRM, USE

PATTERN = "/uses/{institution}/{use}/assurance"
PATH = {"institution": FIRM, "use": USE.partition("/")[2]}
FILE = PATTERN + "/{form}"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = ActingWorld(tmp_path_factory.mktemp("assurance"), (*assurance.PAGES, *use.PAGES))
    made.empty = made.both("GET", PATTERN, by="auditor", path=PATH)
    register = made.desk.register
    measure(register, made.desk.release_digest)
    measure(register, made.desk.release_digest, only=["order"], exploratory=True, register_plan=False)
    made.pages_shown = made.both("GET", PATTERN, by="validator", path=PATH)
    yield made
    made.close()


def test_before_a_plan_it_says_what_to_do(world):
    english, chinese = world.empty
    assert "No plan is registered: nothing here can count." in english
    assert "dualtrack plan register" in english
    assert "此發布版本未有任何量度" in chinese


def test_every_standing_is_a_badge_with_its_word_and_only_met_is_good(world):
    english, chinese = world.pages_shown
    verdict = english.partition('id="verdict"')[2].partition("</section>")[0]
    badges = re.findall(r'<span class="badge (\w+)">([^<]+)</span>', verdict)
    assert {word for tone, word in badges if tone == "good"} == {"met"}
    assert {word: tone for tone, word in badges} == {
        "met": "good",
        "missed": "bad",
        "cannot tell: underpowered": "amber",
        "reported, no threshold": "note",
        "not measurable": "amber",
        "no result": "amber",
    }
    assert "未達標" in chinese
    assert english_in(chinese) == []


def test_every_result_links_to_its_ledger_entry_and_its_section(world):
    english, _ = world.pages_shown
    report = assurance_report(world.desk.register, USE)
    for each in (*report.items, *report.exploratory):
        assert f'href="/ledger/{each.entry}"' in english
        assert f'id="item-{each.entry}"' in english
    assert f'href="/ledger/{report.plan.entry}"' in english
    assert set(re.findall(r'href="#(item-\d+)"', english)) == {f"item-{each.entry}" for each in report.items}


def test_what_does_not_count_is_under_its_own_heading_and_marked(world):
    english, _ = world.pages_shown
    part = english.partition('id="exploratory"')[2].partition('id="history"')[0]
    assert "EXPLORATORY, does not count" in part
    assert "badge good" not in part


def test_what_was_not_tested_is_on_the_page(world):
    said = words(world.pages_shown[0].partition('id="not-tested"')[2])
    for expected in ("Planned items without an answer", "no result for this release", "area=(pooled)", "race", "Drift"):
        assert expected in said


def test_pictures_have_words_and_tables_and_need_no_script(world):
    main = world.pages_shown[0].partition("<main")[2].partition("</main")[0]
    assert (
        main.count('<svg class="chart"')
        == main.count('<figure class="figure">')
        == main.count("<details><summary>")
        > 8
    )
    assert "<script" not in main


def test_the_report_can_be_taken_as_json_of_the_same_bytes(world):
    english, _ = world.pages_shown
    assert f"/uses/{USE}/assurance/json?release={world.desk.release_digest}" in english
    found = world.answer("GET", FILE, by="supervisor", path=PATH | {"form": "json"})
    assert isinstance(found, Download)
    assert found.data == report_json(assurance_report(world.desk.register, USE))
    assert (found.media_type, found.name) == ("application/json", "assurance-early-warning.json")


def test_without_typst_no_pdf_is_offered(world, monkeypatch):
    monkeypatch.setattr(printing, "can_print", lambda: False)
    page = world.show("GET", PATTERN, by="auditor", path=PATH)
    assert "assurance/pdf" not in page
    monkeypatch.setitem(__import__("sys").modules, "typst", None)
    with pytest.raises(MissingExtraError, match="reports"):
        world.answer("GET", FILE, by="auditor", path=PATH | {"form": "pdf"})


@pytest.mark.parametrize("form", ["docx", "", "html"])
def test_another_form_is_not_there(world, form):
    with pytest.raises(NotFoundError, match="no form"):
        world.answer("GET", FILE, by="auditor", path=PATH | {"form": form})


def test_a_release_that_is_not_known_is_not_found(world):
    with pytest.raises(NotFoundError, match="no release"):
        world.answer("GET", PATTERN, by="auditor", path=PATH, query={"release": "<b>" * 5})


def test_it_is_linked_from_the_page_of_the_use(world):
    page = world.show("GET", "/uses/{institution}/{use}", by="owner", path=PATH)
    assert f'href="/uses/{USE}/assurance"' in page


def test_whoever_reads_evidence_reads_it_and_nobody_else(world):
    assert {page.verb for page in assurance.PAGES} == {Verb.SEE_USE}
    readers = {role for role, verbs in VERBS_OF.items() if Verb.SEE_USE in verbs}
    assert {ConsoleRole.VALIDATOR, ConsoleRole.AUDITOR, ConsoleRole.SUPERVISOR, ConsoleRole.OWNER} <= readers
    assert not {ConsoleRole.ADMINISTRATOR, ConsoleRole.CALLER, ConsoleRole.CUSTOMER_LINK} & readers
    with pytest.raises(ForbiddenError):
        world.answer("GET", PATTERN, by="collector", roles=("administrator",), path=PATH)

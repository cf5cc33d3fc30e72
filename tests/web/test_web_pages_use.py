"""The page of one use: stations with evidence, permit and conditions, policy, standing, and the steps of people."""

from __future__ import annotations

import html

import pytest
from acting_world import words
from page_world import HOSTILE, OF_USE, USE, PageWorld

from dualtrack.errors import ForbiddenError, NotFoundError
from dualtrack.runtime.holds import set_hold
from dualtrack.runtime.observing import begin_observe
from dualtrack.store.projections import Projections
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages import use
from dualtrack.web.pages.base import Redirect
from permit.firm import compiled, known_key, rule

PATH = OF_USE
ONE = "/uses/{institution}/{use}"


@pytest.fixture
def world(tmp_path):
    made = PageWorld(tmp_path, use.PAGES)
    yield made
    made.close()


@pytest.fixture
def permitted(world):
    world.permit()
    return world.start()


def test_a_permitted_use_shows_lines_permit_policy_and_standing(permitted):
    english, chinese = permitted.both("GET", ONE, path=PATH)
    said = words(english)
    for wanted in (
        "Open: calls are answered.",
        "Computed again for this page: the same, byte for byte.",
        "1 of 2 rules met or waived",
        "our test for paragraph 1",
        "A machine answers.",
        "Form of the input",
        "each decision durable before the answer",
        "No decision was made under it yet.",
    ):
        assert wanted in said, wanted
    assert 'href="/evidence/' in english
    assert "0.700 (0.600 – 0.800)" in said
    assert "由機器回應。" in chinese
    assert "compliant" not in said
    assert "approved by" not in said


def test_a_condition_has_its_test_and_its_day(permitted):
    page = permitted.show("GET", ONE, path=PATH)
    row = page.split("<caption>Conditions")[1].split("</table>")[0]
    assert f'href="/uses/{USE}/assessment#test-pack--open"' in row
    assert "our test for paragraph 1" in row
    assert "No evidence" in row


def test_a_use_that_was_only_declared_says_so(world):
    world.world.permit()
    world.start()
    world.declare(use="test-bank/other")
    world.runtime.snapshots.refresh()
    english, chinese = world.both("GET", ONE, path={"institution": "test-bank", "use": "other"})
    assert "Never assessed" in english
    assert "Nothing was released for it." in english
    assert "從未評估" in chinese


def test_the_newest_decision_is_named(permitted):
    answer = permitted.decide()
    assert f'href="/decisions/{answer.decision}"' in permitted.show("GET", ONE, path=PATH)


def test_evidence_after_the_verdict_is_said(permitted):
    permitted.declare(purpose={"en": "Warn anew", "zh-Hant": "再預警"})
    assert "assess again to take it in" in permitted.show("GET", ONE, path=PATH)


def test_assessing_records_a_verdict(permitted):
    before = len(Projections(permitted.register.repository).rows("assessment"))
    found = permitted.answer("POST", "/uses/{institution}/{use}/assess", path=PATH)
    assert isinstance(found, Redirect)
    assert found.to == f"/uses/{USE}"
    assert len(Projections(permitted.register.repository).rows("assessment")) == before + 1


def test_a_hold_makes_the_page_red(permitted):
    set_hold(permitted.register, known_key("executive"), scope="use", target=USE, reason=HOSTILE)
    permitted.runtime.snapshots.refresh()
    english, chinese = permitted.both("GET", ONE, path=PATH)
    assert '<div class="alert bad"><p><span class="sign">On hold.' in english
    assert "somebody else may release it" in english
    assert "須由另一人解除" in chinese


def test_steps_lead_to_the_pages_that_take_them(permitted):
    page = permitted.show("GET", ONE, path=PATH)
    assert f'href="/uses/{USE}/evidence/new"' in page
    assert "/holds?scope=use&amp;target=test-bank%2Fearly-warning" in page
    assert "/observe" not in page
    permitted.declare(live_since="2025-01-01T00:00:00Z")
    assert f'href="/uses/{USE}/observe"' in permitted.show("GET", ONE, path=PATH)


def test_a_use_under_watch_is_amber_and_not_permitted(world):
    world.world.permit(packs=[compiled([rule("r", "ev.check.estimate >= 0.9")])], audience="customers")
    world.declare(live_since="2025-01-01T00:00:00Z")
    begin_observe(world.register, known_key("executive"), USE, "it was live", 10)
    english, chinese = world.start().both("GET", ONE, path=PATH)
    assert '<div class="alert amber"><p><span class="sign">Observe.' in english
    assert "Watched, not permitted" in english
    assert '<span class="badge amber strong">Observe</span>' in english
    assert "並未准許" in chinese


def test_who_may_only_read_sees_no_form(permitted):
    page = permitted.show("GET", ONE, path=PATH, roles={ConsoleRole.SUPERVISOR})
    assert 'method="post"' not in page.split("<main")[1]


def test_the_way_to_green_is_verified(world):
    world.permit()
    world.start()
    reached = world.show("GET", "/uses/{institution}/{use}/to-green", path=PATH)
    assert "Nothing to do." in reached
    world.world.again(audience="customers")
    english, chinese = world.both("GET", "/uses/{institution}/{use}/to-green", path=PATH)
    assert f"dualtrack explain {USE} --to-green" in english
    assert "通往准許" in chinese


def test_another_use_or_another_institution_is_not_there(permitted):
    for path in ({"institution": "test-bank", "use": "nothing"}, {"institution": "elsewhere", "use": "early-warning"}):
        with pytest.raises(NotFoundError) as caught:
            permitted.answer("GET", ONE, path=path)
        assert caught.value.fix
    with pytest.raises(ForbiddenError):
        permitted.answer("GET", ONE, path=PATH, uses=frozenset({"test-bank/other"}))


def test_whatever_was_typed_is_shown_as_text(permitted):
    permitted.declare(
        title={"en": HOSTILE, "zh-Hant": HOSTILE},
        purpose={"en": HOSTILE, "zh-Hant": HOSTILE},
        fallback={"en": HOSTILE, "zh-Hant": HOSTILE},
    )
    permitted.assess()
    permitted.both("GET", ONE, path=PATH)
    permitted.both("GET", "/uses/{institution}/{use}/to-green", path=PATH)


RULES = {
    "rows": [
        {"id": "late", "when": "row.late >= 3.0", "output": "refer", "says": [{"en": "late", "zh-Hant": "逾期"}]},
        {"id": "odd", "when": "row.used > 1.5", "person": True},
    ]
}


def test_fixed_rules_stand_in_the_policy_and_in_the_standing_of_a_held_use(world):
    world.permit(fallback="rules", rules=RULES)
    world.start()
    set_hold(world.register, known_key("owner"), scope="use", target=USE, reason="stop it")
    world.runtime.snapshots.refresh()
    english, chinese = world.both("GET", ONE, path=PATH)
    said = html.unescape(words(english))
    for wanted in (
        "row.late >= 3.0 → refer",
        "row.used > 1.5 → to a person",
        "fixed rules, also on hold",
        "No model is called; the fallback of its policy answers.",
    ):
        assert wanted in said, wanted
    assert "由政策所定的後備方式作答" in chinese


def test_an_english_output_of_a_fixed_rule_is_marked_and_not_printed_as_markup(world):
    rows = [{"id": "late", "when": "row.late >= 3.0", "output": "refer <this>", "says": RULES["rows"][0]["says"]}]
    world.permit(fallback="rules", rules={"rows": rows})
    world.start()
    chinese = world.show("GET", ONE, path=PATH, language="zh-Hant")
    assert 'row.late &gt;= 3.0 → <span lang="en">refer &lt;this&gt;</span>' in chinese
    assert "&lt;span" not in chinese


def test_phrases_stand_in_the_policy_too(world):
    phrases = [{"id": "fee", "phrases": ["fee", "收費"], "answer": {"en": "HK$100.", "zh-Hant": "一百元。"}}]
    world.permit(fallback="rules", rules={"phrases": phrases})
    world.start()
    english, chinese = world.both("GET", ONE, path=PATH)
    assert '"fee" / "收費" → HK$100.' in html.unescape(words(english))
    assert "→ 一百元。" in chinese

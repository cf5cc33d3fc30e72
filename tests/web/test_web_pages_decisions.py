"""Decisions: search, one of them, its content for a logged reason, and a replay that compares bytes."""

from __future__ import annotations

import pytest
from acting_world import words
from page_world import FIRM, HOSTILE, ROW, USE, PageWorld

from dualtrack.domain import canonical
from dualtrack.domain.oversight import Access
from dualtrack.domain.records import read_record
from dualtrack.errors import ForbiddenError, NotFoundError
from dualtrack.runtime.answer_fetches import note_fetch
from dualtrack.runtime.lookup import find_decision
from dualtrack.runtime.subjects import SUBJECT_CHARACTERS_MAX
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages import decisions
from dualtrack.web.pages.base import Redirect
from runtime.planting_world import act

PERSON = "/decisions/person"
ONE, CONTENT, REPLAY = "/decisions/{id}", "/decisions/{id}/content", "/decisions/{id}/replay"


@pytest.fixture
def world(tmp_path):
    made = PageWorld(tmp_path, decisions.PAGES)
    made.permit()
    yield made.start()
    made.close()


def accesses(world):
    entries = world.register.repository.entries(kinds=("access/1",))
    return [read_record(canonical.decode(entry.content), Access, where="test") for entry in entries]


def test_an_empty_list_says_why(world):
    english, chinese = world.both("GET", "/decisions")
    assert "No decisions" in english
    assert "沒有決定" in chinese


def test_decisions_are_listed_newest_first_with_what_became_of_them(world):
    made = [world.decide().decision for _ in range(3)]
    page = world.show("GET", "/decisions")
    places = [page.index(f'href="/decisions/{item}"') for item in made]
    assert places == sorted(places, reverse=True)
    assert '<span class="badge good">Served</span>' in page


def test_pages_go_on_after_the_last_id(world, monkeypatch):
    monkeypatch.setattr(decisions, "PAGE_DECISIONS", 2)
    made = [world.decide().decision for _ in range(5)]
    seen, query = [], {}
    for _ in range(3):
        page = world.show("GET", "/decisions", query=query)
        seen += [item for item in reversed(made) if f'href="/decisions/{item}"' in page]
        query = {"after": seen[-1]}
    assert seen == list(reversed(made))
    assert 'rel="next"' not in page
    assert "Newest" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"use": USE}, True),
        ({"use": "other"}, True),  # no use of ours: it filters nothing
        ({"outcome": "served"}, True),
        ({"outcome": "blocked"}, False),
        ({"since": "2020-01-01"}, True),
        ({"until": "2020-01-01"}, False),
        ({"since": "2999-01-01"}, False),
    ],
)
def test_filters_narrow(world, query, shown):
    found = world.decide().decision
    assert (f'href="/decisions/{found}"' in world.show("GET", "/decisions", query=query)) is shown


def test_a_day_that_is_none_is_refused_and_said(world):
    found = world.answer("GET", "/decisions", query={"since": HOSTILE})
    assert found.status == 400
    assert "missing or wrong" in world.html(found)


def test_a_decision_is_found_by_its_receipt(world):
    answer = world.decide()
    found = world.answer("POST", "/decisions/find", form={"code": answer.receipt.lower()})
    assert found == Redirect(f"/decisions/{answer.decision}")
    with pytest.raises(NotFoundError):
        world.answer("POST", "/decisions/find", form={"code": "0000-0000-0000"})


def test_the_decisions_about_one_person_are_found_and_no_identifier_is_in_an_address(world):
    mine, other = world.decide(person="customer 7").decision, world.decide(person="customer 8").decision
    found = world.answer("POST", PERSON, form={"person": " customer 7 ", "reason": "complaint 12"})
    assert isinstance(found, Redirect)
    assert "customer" not in found.to
    subject = found.to.partition("subject=")[2]
    shown = world.show("GET", "/decisions", query={"subject": subject})
    assert f'href="/decisions/{mine}"' in shown
    assert f'href="/decisions/{other}"' not in shown
    assert "About one person" in shown
    assert (
        f"subject={subject}" in world.answer("GET", "/decisions", query={"subject": subject}).context["stats"][0].href
    )
    everybody = world.show("GET", "/decisions", query={"subject": "no pseudonym"})
    assert f'href="/decisions/{other}"' in everybody


def test_who_looked_for_a_person_and_why_is_in_the_ledger_before_the_result(world):
    found = world.answer("POST", PERSON, by="validator", form={"person": "customer 7", "reason": "complaint 12"})
    subject = world.runtime.subjects.pseudonym(FIRM, "customer 7")
    assert found == Redirect(f"/decisions?subject={subject}")
    assert [(item.by, item.digest, item.about, item.reason) for item in accesses(world)] == [
        ("validator", subject, FIRM, "complaint 12")
    ]
    given = {
        "uses": frozenset({USE, f"{FIRM}/not-declared"}),
        "form": {"person": "customer 8", "reason": "complaint 13"},
    }
    world.answer("POST", PERSON, **given)
    assert [item.about for item in accesses(world)] == [FIRM, USE]
    with pytest.raises(ForbiddenError):
        world.answer("POST", PERSON, **given | {"uses": frozenset({f"{FIRM}/not-declared"})})
    assert len(accesses(world)) == 2


@pytest.mark.parametrize(
    ("someone", "reason"),
    [
        ("", "complaint 12"),
        ("   ", "complaint 12"),
        ("customer 7".ljust(SUBJECT_CHARACTERS_MAX, "x") + "y", "complaint 12"),
        ("customer 7", ""),
        ("customer 7", "  "),
    ],
)
def test_no_person_or_no_reason_is_refused_on_the_list_and_repeats_nobody(world, someone, reason):
    mine = world.decide(person="customer 7").decision
    for language, says in (("en", "missing or wrong"), ("zh-Hant", "遺漏或不正確")):
        found = world.answer("POST", PERSON, form={"person": someone, "reason": reason}, language=language)
        assert found.status == 400
        page = world.html(found, language)
        assert says in page
        assert f'href="/decisions/{mine}"' in page
        assert "customer 7" not in page
        assert f'name="reason" type="text" value="{reason}"' in page
    assert accesses(world) == []


def test_the_search_for_a_person_is_offered_to_who_may_see_content(world):
    assert f'action="{PERSON}"' in world.show("GET", "/decisions", roles={ConsoleRole.AUDITOR})
    assert f'action="{PERSON}"' not in world.show("GET", "/decisions", roles={ConsoleRole.SUPERVISOR})


def test_one_decision_shows_guards_timings_disclosure_and_its_place(world):
    answer = world.decide(person="customer 7", language="zh-Hant")
    english, chinese = world.both("GET", ONE, path={"id": answer.decision})
    said = words(english)
    for wanted in (
        "Form of the input",
        "由機器回應。",
        "given to the customer",
        "All of it",
        "Leaf hash",
        world.world.release,
    ):
        assert wanted in said, wanted
    assert "收據" in chinese
    assert "customer 7" not in english
    assert "0.9" not in said.split("Guards")[0]  # the row itself is content
    assert f'href="/uses/{USE}"' in english


def test_a_held_answer_says_when_it_was_first_fetched_and_by_which_key(world):
    world.world.again(audience="customers", review={"mode": "hold"})
    held = world.decide(person="customer 7")
    assert "first fetched" not in world.show("GET", ONE, path={"id": held.decision})
    act(world.runtime, held.review, "approve")
    record = find_decision(world.register, held.decision)
    note_fetch(world.register, record, by="0123-desk", means="program")
    english, chinese = world.both("GET", ONE, path={"id": held.decision})
    assert "Answer first fetched" in words(english)
    assert "by key 0123-desk" in words(english)
    assert "經密鑰 0123-desk" in words(chinese)


def test_content_opens_for_a_reason_that_is_logged_first(world):
    answer = world.decide()
    refused = world.answer("POST", CONTENT, path={"id": answer.decision}, form={"reason": "  "})
    assert refused.status == 400
    assert accesses(world) == []
    page = world.show("POST", CONTENT, by="validator", path={"id": answer.decision}, form={"reason": "complaint 12"})
    assert "&#34;late&#34;:3" in page
    assert "Reasons" in page
    found = accesses(world)
    assert {item.by for item in found} == {"validator"}
    assert {item.reason for item in found} == {"complaint 12"}
    assert len({item.digest for item in found}) == len(found) >= 2


def test_erased_content_stays_erased(world):
    answer = world.decide(person="customer 7")
    subject = world.runtime.subjects.pseudonym(FIRM, "customer 7")
    world.runtime.recorder(FIRM).contents.erase_subject(subject, at=world.register.now())
    page = world.show("POST", CONTENT, path={"id": answer.decision}, form={"reason": "complaint 12"})
    assert "It was erased." in page
    assert "&#34;late&#34;" not in page


def test_a_replay_compares_byte_for_byte(world):
    answer = world.decide()
    english = world.show("POST", REPLAY, path={"id": answer.decision}, form={"reason": "audit"})
    assert '<div class="alert good" role="status">' in english
    assert "byte for byte" in english
    chinese = world.show("POST", REPLAY, path={"id": answer.decision}, form={"reason": "audit"}, language="zh-Hant")
    assert "相同輸入得出相同輸出" in chinese
    refused = world.answer("POST", REPLAY, path={"id": answer.decision}, form={})
    assert "missing or wrong" in world.html(refused)


def test_what_was_typed_comes_back_as_text(world):
    answer = world.decide()
    page = world.show("POST", CONTENT, path={"id": answer.decision}, form={"reason": HOSTILE * 10})
    assert "&lt;script&gt;" in page
    assert accesses(world) == []


def test_who_may_not_see_content_is_offered_none(world):
    answer = world.decide()
    page = world.show("GET", ONE, path={"id": answer.decision}, roles={ConsoleRole.SUPERVISOR})
    assert 'method="post"' not in page.split("<main")[1]


def test_an_account_for_other_uses_reaches_none(world):
    answer = world.decide()
    other = frozenset({f"{FIRM}/other"})
    with pytest.raises(ForbiddenError):
        world.answer("GET", ONE, path={"id": answer.decision}, uses=other)
    with pytest.raises(ForbiddenError):
        world.answer("GET", "/decisions", uses=other)
    assert answer.decision in world.show("GET", "/decisions", uses=frozenset({USE}))
    with pytest.raises(NotFoundError):
        world.answer("GET", ONE, path={"id": "0" * 26})


def test_how_shadow_mode_agreed_is_shown_with_n_and_interval(tmp_path):
    made = PageWorld(tmp_path, decisions.PAGES)
    made.permit(plan="shadow")
    made.start()
    try:
        for baseline in (0.5, None):
            assert made.decide(baseline=baseline).outcome == "shadowed"
        english, chinese = made.both("GET", "/decisions", query={"use": USE})
        assert "Same as the baseline, in shadow" in english
        assert "0.0% – 79.3%" in english  # 0 of 1: Wilson 1927, computed apart
        stat = made.answer("GET", "/decisions", query={"use": USE}).context["stats"][-1]
        assert (stat.value, stat.n) == ("0.0%", "1")
        for _ in range(2):
            same = made.decide(baseline=made.runtime.models.of(made.runtime.gate.enter(USE)).score(ROW).output)
            assert same.outcome == "shadowed"
        stat = made.answer("GET", "/decisions", query={"use": USE}).context["stats"][-1]
        assert (stat.value, stat.n, stat.interval) == ("66.7%", "3", "20.8% – 93.9%")
        assert "另1項沒有配對" in chinese
        assert "Same as the baseline" not in made.show("GET", "/decisions")
    finally:
        made.close()

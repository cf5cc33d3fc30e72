"""Decisions: search, one of them, its content for a logged reason, and a replay that compares bytes."""

from __future__ import annotations

import pytest
from acting_world import words
from page_world import FIRM, HOSTILE, USE, PageWorld

from dualtrack.domain import canonical
from dualtrack.domain.oversight import Access
from dualtrack.domain.records import read_record
from dualtrack.errors import ForbiddenError, NotFoundError
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages import decisions
from dualtrack.web.pages.base import Redirect

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
    assert "Not searched." in world.html(found)


def test_a_decision_is_found_by_its_receipt(world):
    answer = world.decide()
    found = world.answer("POST", "/decisions/find", form={"code": answer.receipt.lower()})
    assert found == Redirect(f"/decisions/{answer.decision}")
    with pytest.raises(NotFoundError):
        world.answer("POST", "/decisions/find", form={"code": "0000-0000-0000"})


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
    assert "Not done." in world.html(refused)


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

from __future__ import annotations

import pytest

from dualtrack.errors import FieldError, NotFoundError
from dualtrack.runtime.decisions import DecisionFilter, counts, get_decision, search_decisions
from permit.firm import FIRM, USE


@pytest.fixture
def filled(desk):
    """Ten decisions, one a minute: every third blocked, the last two about bob."""
    desk.made = []
    for number in range(10):
        desk.made.append(
            desk.decide(
                person="bob" if number > 7 else "ann", outcome="blocked" if number % 3 == 0 else "served", reasons=()
            )
        )
        desk.forward(minutes=1)
    return desk


def found(desk, **wanted) -> list[str]:
    return [line.id for line in search_decisions(desk.register, DecisionFilter(**wanted))]


def test_a_search_narrows_by_each_field(filled):
    ids = [record.id for record, _ in filled.made]
    assert found(filled) == sorted(ids, reverse=True)
    assert found(filled, use=USE) == found(filled)
    assert found(filled, use=f"{FIRM}/other") == []
    assert found(filled, outcome="blocked") == [ids[9], ids[6], ids[3], ids[0]]
    assert found(filled, subject=filled.subjects.pseudonym(FIRM, "bob")) == [ids[9], ids[8]]
    assert found(filled, receipt=filled.made[4][1].upper()) == [ids[4]]
    assert found(filled, since="2026-11-23T02:02:00Z", until="2026-11-23T02:05:00Z") == [ids[4], ids[3], ids[2]]


def test_pages_go_through_everything_once(filled):
    seen, after = [], None
    while page := search_decisions(filled.register, DecisionFilter(use=USE), limit=3, after=after):
        assert len(page) <= 3
        seen += [line.id for line in page]
        after = page[-1].id
    assert seen == found(filled)
    for limit in (0, 501):
        with pytest.raises(FieldError):
            search_decisions(filled.register, DecisionFilter(), limit=limit)


def test_counts_by_outcome_since_an_instant(filled):
    assert counts(filled.register, USE, "2026-11-23T00:00:00Z") == {"served": 6, "blocked": 4}
    assert counts(filled.register, None, "2026-11-23T02:08:00Z") == {"served": 1, "blocked": 1}
    assert counts(filled.register, USE, "2026-11-24T00:00:00Z") == {}


def test_one_decision_comes_with_record_proof_and_reviews(desk):
    record, _ = desk.decide(review="sample")
    view = get_decision(desk.register, record.id)
    assert view.record == record
    assert view.proof.index == desk.register.repository.newest("decision/1", USE).index
    assert [state.opened.id for state in view.reviews] == [record.review]
    with pytest.raises(NotFoundError):
        get_decision(desk.register, "0" * 26)

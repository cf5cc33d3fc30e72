"""Answers to the question of a significant change: kept in order, bounded when read, for the newest release."""

from __future__ import annotations

import pytest

from dualtrack.errors import ConflictError, FieldError
from dualtrack.runtime import changes
from dualtrack.runtime.changes import answer_change, change_answers
from permit.firm import USE

ADVICE = {"language_model": True, "gives_advice": True, "after_sales_only": False}


def answered(register, **given):
    return answer_change(register, USE, release=register.latest_release(USE), **given)


def test_answers_are_kept_and_the_newest_come_first(make_desk, monkeypatch):
    register = make_desk(type="licensed_corporation", facts=ADVICE).register
    for number in range(3):
        answered(register, answer="no", reason=f"reason {number}", by="compliance")
    assert [item.reason for item in change_answers(register, USE)] == ["reason 2", "reason 1", "reason 0"]
    monkeypatch.setattr(changes, "ANSWERS_MAX", 2)
    assert len(change_answers(register, USE)) == 2


@pytest.mark.parametrize(("answer", "reason"), [("maybe", "x"), ("yes", ""), ("no", "x" * 2001)])
def test_an_answer_without_a_side_or_a_reason_is_refused(make_desk, answer, reason):
    register = make_desk(type="licensed_corporation", facts=ADVICE).register
    with pytest.raises(FieldError):
        answered(register, answer=answer, reason=reason, by="compliance")
    assert change_answers(register, USE) == []


def test_there_is_nothing_to_answer_where_the_question_does_not_arise(make_desk):
    register = make_desk(type="licensed_corporation", facts=ADVICE | {"gives_advice": False}).register
    with pytest.raises(FieldError, match="does not arise"):
        answered(register, answer="no", reason="x", by="compliance")


def test_an_answer_to_another_release_than_the_newest_is_refused(make_desk):
    register = make_desk(type="licensed_corporation", facts=ADVICE).register
    for release in (None, "0" * 64):
        with pytest.raises(ConflictError):
            answer_change(register, USE, release=release, answer="no", reason="x", by="compliance")
    assert change_answers(register, USE) == []

"""Answers to the question of a significant change: kept in order, bounded when read, for the newest release."""

from __future__ import annotations

import pytest

from dualtrack.errors import FieldError
from dualtrack.runtime import changes
from dualtrack.runtime.changes import answer_change, change_answers
from permit.firm import USE

ADVICE = {"language_model": True, "gives_advice": True, "after_sales_only": False}


def test_answers_are_kept_and_the_newest_come_first(make_desk, monkeypatch):
    register = make_desk(type="licensed_corporation", facts=ADVICE).register
    for number in range(3):
        answer_change(register, USE, answer="no", reason=f"reason {number}", by="compliance")
    assert [item.reason for item in change_answers(register, USE)] == ["reason 2", "reason 1", "reason 0"]
    monkeypatch.setattr(changes, "ANSWERS_MAX", 2)
    assert len(change_answers(register, USE)) == 2


@pytest.mark.parametrize(("answer", "reason"), [("maybe", "x"), ("yes", ""), ("no", "x" * 2001)])
def test_an_answer_without_a_side_or_a_reason_is_refused(make_desk, answer, reason):
    register = make_desk(type="licensed_corporation", facts=ADVICE).register
    with pytest.raises(FieldError):
        answer_change(register, USE, answer=answer, reason=reason, by="compliance")
    assert change_answers(register, USE) == []


def test_there_is_nothing_to_answer_where_the_question_does_not_arise(make_desk):
    register = make_desk(type="licensed_corporation", facts=ADVICE | {"gives_advice": False}).register
    with pytest.raises(FieldError, match="does not arise"):
        answer_change(register, USE, answer="no", reason="x", by="compliance")

"""What a reviewer writes is read by the guards: walls nobody passes, the rest is named, confirmed and kept in the record."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.records import encode
from dualtrack.domain.review import check_action
from dualtrack.errors import FieldError, ReviewError
from dualtrack.runtime.review_read import read_review
from dualtrack.runtime.review_state import apply_action, start_review
from dualtrack.runtime.review_words import _words
from runtime.review_records import SECOND, act, opened_review
from runtime.test_runtime_answers import DECIDE, ROW, chats, rows
from runtime.test_runtime_chat import CHAT, QUESTION

HKID = "A123456(3)"
TELLS = "A suspicious transaction report (STR) was filed on you."
CHOOSES = "You should choose the growth fund for your MPF."
GUARDS = [
    {"guard": "personal_data", "stage": "output", "action": "redact"},
    {"guard": "injection", "stage": "output", "action": "block"},
    {"guard": "mpf_choice", "stage": "output", "action": "block"},
    {"guard": "tipping_off", "stage": "output", "action": "route"},
]


async def tried(held, review, text, **given):
    """Have a reviewer write a text; return the refusal, or None."""
    try:
        await held.act(review, "modify", text=text, **given)
    except ReviewError as error:
        return error
    return None


def refusals(world, texts, *, confirmed=False):
    """Return what each text is refused with; every one is written on a review of its own of one use."""

    async def scenario(held):
        found = []
        for text in texts:
            _, routed = await held.ask(CHAT, QUESTION)
            found.append(await tried(held, routed["dualtrack"]["review"], text, confirmed=confirmed))
        return found

    return chats(world, scenario, guards=GUARDS)


def test_a_suspicion_and_a_choice_about_mpf_are_refused_by_name_and_no_confirmation_helps(world):
    texts = [f"{TELLS} HKID {HKID}.", CHOOSES, json.dumps(TELLS), json.dumps({"text": "x", "note": TELLS})]
    found = refusals(world, texts, confirmed=True)
    assert [error.code for error in found] == ["review.words-walled"] * 4
    for wall, error in zip(("tipping_off", "mpf_choice", "tipping_off", "tipping_off"), found, strict=True):
        assert wall in error.found
        assert HKID not in str(error)
        assert "growth" not in str(error)
        assert "filed" not in str(error)


def test_what_another_guard_finds_is_named_then_confirmed_and_the_record_says_so(world):
    async def scenario(held):
        _, routed = await held.ask(CHAT, QUESTION)
        review, text = routed["dualtrack"]["review"], f"Your number is {HKID}."
        error = await tried(held, review, text)
        desk_free = read_review(world.register, review).state.status
        await held.unclaim(review)
        assert await tried(held, review, text, confirmed=True) is None
        _, plain = await held.ask(CHAT, QUESTION)
        await tried(held, plain["dualtrack"]["review"], "The fee is HK$90.", confirmed=True)
        actions = [read_review(world.register, item["dualtrack"]["review"]).actions[-1] for item in (routed, plain)]
        return error, desk_free, actions, await held.fetch(routed["dualtrack"]["decision"])

    error, status, (stood_by, plain), (_, found) = chats(world, scenario, guards=GUARDS)
    assert (error.code, status) == ("review.words-guarded", "claimed")
    assert "personal_data (HKID)" in error.found
    assert "confirm" in error.fix
    assert HKID not in str(error)
    assert HKID in found["output"]
    assert stood_by.confirmed is True
    assert b"confirmed" not in encode(plain), "nothing was named, so nothing was confirmed"


def test_a_row_is_read_as_well_and_what_was_recorded_before_is_not_given(world, monkeypatch):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        error = await tried(held, routed["review"], json.dumps({"says": TELLS}))
        await held.unclaim(routed["review"])
        monkeypatch.setattr("dualtrack.runtime.reviews.check_words", lambda *_given, **_named: False)
        await held.act(routed["review"], "modify", text=json.dumps({"says": TELLS}))
        return error, await held.fetch(routed["decision"])

    wall = [{"guard": "tipping_off", "stage": "output", "action": "block"}]
    error, (status, found) = rows(world, scenario, guards=wall)
    assert error.code == "review.words-walled"
    assert (status, found["state"], "output" in found) == (200, "modified", False)
    assert found["message"]


@given(st.text(min_size=1), st.dictionaries(st.text(), st.text(), max_size=3))
def test_no_member_of_a_typed_answer_is_passed_over(text, more):
    more = {name: value for name, value in more.items() if name not in {"text", "tool_calls"}}
    said = _words({"text": text, "tool_calls": [], **more})
    assert said.startswith(text)
    for value in more.values():
        assert json.dumps(value, ensure_ascii=False) in said
    assert _words(text) == text


def test_a_confirmation_belongs_to_a_changed_text_alone():
    state = apply_action(start_review(opened_review()), act(start_review(opened_review()), "claim", "rita", 1))
    stood_by = {"confirmed": True}
    check_action(changed(act(state, "modify", "rita", 2, output=SECOND), **stood_by))
    for record in (
        changed(act(state, "approve", "rita", 2), **stood_by),
        changed(act(state, "modify", "rita", 2, output=SECOND), confirmed=False),
    ):
        with pytest.raises(FieldError, match="no field"):
            check_action(record)


def changed(record, **fields):
    return type(record)(**{name: getattr(record, name) for name in record.__struct_fields__} | fields)

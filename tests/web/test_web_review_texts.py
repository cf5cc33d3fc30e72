"""The texts of a review as people write them: what was not touched stays byte for byte, what was typed means itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.errors import FieldError
from dualtrack.runtime.faces.chat_tools import output_content, read_output
from dualtrack.web.views.rendering import Language
from dualtrack.web.views.review_texts import (
    TURNS_MAX,
    asked_turns,
    is_words,
    json_lines,
    line_ends,
    plain_fields,
    tool_lines,
    typed_content,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80) | st.sampled_from(
    ['"', '\\"', "\r\n\r", "「引號」"]
)
CALL = {"id": "c1", "type": "function", "function": {"name": "pay", "arguments": '{"to":"戶口","n":1.10}'}}


def sent(text: str) -> str:
    """Return a text as a browser's form sends it."""
    return line_ends(text).replace("\n", "\r\n")


@given(TEXTS, st.booleans())
def test_what_nobody_touched_stays_byte_for_byte(text, calls):
    before = output_content(text, [CALL] if calls else []).decode()
    form = {"text": sent(text)} | ({"call-0": sent(tool_lines(before)[0][1])} if calls else {})
    assert typed_content(before, form, words=True) == before


@given(TEXTS, TEXTS.filter(lambda text: text.strip() != ""))
def test_what_was_typed_means_exactly_itself(drafted, typed):
    for before in (None, output_content(drafted).decode()):
        kept = typed_content(before, {"text": sent(typed)}, words=True)
        assert line_ends(read_output(kept).text) == line_ends(typed)
        assert is_words(kept)


def test_a_row_is_kept_as_it_was_typed():
    assert typed_content("0.25", {"text": "0.5\r\n"}, words=False) == "0.5\n"
    assert not is_words("0.25")
    assert not is_words('{"a":1}')


@pytest.mark.parametrize("form", [{}, {"text": " \r\n"}])
def test_no_words_are_no_answer(form):
    with pytest.raises(FieldError, match="no text"):
        typed_content(None, form, words=True)


def test_arguments_are_edited_one_call_at_a_time():
    before = output_content("I pay.", [CALL]).decode()
    changed = read_output(typed_content(before, {"text": "I pay.", "call-0": '{"to": "帳戶"}'}, words=True))
    assert json.loads(changed.tool_calls[0]["function"]["arguments"]) == {"to": "帳戶"}
    assert read_output(typed_content(before, {"text": "I do not.", "call-0": " "}, words=True)).tool_calls == []
    with pytest.raises(FieldError):
        typed_content(before, {"text": "I pay.", "call-0": '{"to":1,"to":2}'}, words=True)


def test_the_question_is_told_by_its_speakers():
    asked = [{"role": "user", "text": "Q"}, {"role": "assistant", "text": "A"}]
    assert asked_turns(json.dumps(asked), Language("en")) == [("Who asked", "Q"), ("The AI, before", "A")]
    for other in (
        '{"role":"user"}',
        '[{"role":"nobody","text":"x"}]',
        '[{"role":["user"],"text":"x"}]',
        "[1]",
        "words",
        "[" * 5_000,
    ):
        assert asked_turns(other, Language("en")) == []
    assert len(asked_turns(json.dumps(asked * TURNS_MAX), Language("en"))) == TURNS_MAX


def test_a_nested_or_endless_text_has_no_plain_fields():
    assert plain_fields("[" * 100_000) == []
    assert plain_fields('{"a":{"b":1}}') == []
    assert [fact.value for fact in plain_fields('{"a":1.23456789,"b":null}')] == ["1.23457", "–"]


def test_a_row_is_shown_as_it_was_recorded():
    """Neither a second member of a name nor a digit is lost; half a surrogate, which no page can hold, stays an escape."""
    assert json_lines('{"a":1.00000000000000000001,"a":2}') == [
        (" ", line) for line in ("{", '  "a": 1.00000000000000000001,', '  "a": 2', "}")
    ]
    half = '{"a":"\\ud800"}'
    assert (json_lines(half), plain_fields(half)) == ([(" ", half)], [])
    assert json_lines("[" * 100_000) == [(" ", "[" * 100_000)]

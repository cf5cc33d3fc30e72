"""Clauses of sentences: what a question leaves to be said, as an exact stretch, and the whole sentence where no border is sure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.apps.research.solving.answer import Quoted
from dualtrack.apps.research.solving.clauses import clause_of
from dualtrack.apps.research.solving.spans import find_span, holds_quote
from dualtrack.apps.research.solving.table import Table

TABLE = Table(name="t", rows=(("", "2025"), ("Revenue", "10")))


@pytest.mark.parametrize(
    ("question", "sentence", "clause"),
    [
        ("What does goodwill consist of?", "Goodwill consists of the price paid over the net assets acquired.", "the price paid over the net assets acquired."),
        ("Why did finance costs rise?", "Finance costs rose by 8 per cent mainly due to higher rates, while fees fell.", "mainly due to higher rates"),
        ("How is the discount rate determined?", "For local plans, the discount rate is determined by reference to government bonds.", "by reference to government bonds."),
        ("How are vessels stated?", "Vessels are stated at cost less depreciation.", "at cost less depreciation."),
        ("What are the sources of liquidity?", "There are several sources of liquidity: cash on hand and bank lines.", "cash on hand and bank lines."),
        ("What is working capital?", "(1) Working capital is current assets less current liabilities.", "current assets less current liabilities."),
    ],
)  # fmt: skip
def test_a_sentence_is_cut_to_what_the_question_leaves_to_be_said(question, sentence, clause):
    found = clause_of(question, sentence)
    assert found.text == clause
    assert sentence[found.start :].startswith(clause)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("What does revenue include?", "Revenue does not include deposits received."),
        ("What does revenue include?", "Revenue, excluding discounts, includes service fees."),
        ("What does revenue not include?", "Revenue includes deposits and service fees."),
        ("What does revenue include?", "Revenue excludes deposits received."),
        ("What is the policy?", "The policy is not applied to old contracts."),
        ("What is the policy?", "The policy requires two approvals."),
        ("Why did costs rise?", "Costs rose in the second half."),
        ("What program was begun in the year?", "A closure program of two sites was begun in the year."),
        ("Is the plan open to new members?", "The plan is closed to new members."),
        ("What currency are the flows converted to?", "The flows are converted to U."),
        ("商譽包括甚麼？", "商譽包括已付代價超出所購資產淨值的部分。"),
        ("", "Costs rose."),
    ],
)
def test_what_is_denied_or_has_no_sure_border_stays_whole(question, sentence):
    assert clause_of(question, sentence) is None


def test_the_quote_names_the_place_of_the_clause():
    text = "The plan is old. Goodwill consists of the price paid over net assets."
    found = find_span("What does goodwill consist of?", TABLE, ("Other words.", text))
    assert isinstance(found, Quoted)
    assert found.text == "the price paid over net assets."
    assert holds_quote(found.address, found.text, ("Other words.", text))


_PIECES = st.lists(
    st.sampled_from(["what", "why", "how", "does", "is", "not", "goodwill", "consists", "of", ":", ",", "due to", "by", "while", "2025", "商譽"]),
    max_size=14,
).map(" ".join)  # fmt: skip


@given(_PIECES, _PIECES)
def test_whatever_is_asked_a_clause_stands_in_its_sentence(question, sentence):
    found = clause_of(question, sentence)
    if found is not None:
        assert found.text
        assert sentence[found.start : found.start + len(found.text)] == found.text

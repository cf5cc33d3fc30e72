"""Reasons: there is one, it is not too long, and a database can keep it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.oversight import REASON_CHARACTERS_MAX
from dualtrack.errors import FieldError
from dualtrack.runtime.holders import check_reason


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40))
def test_a_reason_is_taken_as_it_was_written(reason):
    check_reason(f"{reason}x")


@pytest.mark.parametrize(
    "reason", ["", " \n", "x" * (REASON_CHARACTERS_MAX + 1), "stop\x00it", "\x00", "half \ud83d", "\udc00"]
)
def test_no_reason_or_one_that_cannot_be_kept_is_refused(reason):
    with pytest.raises(FieldError) as caught:
        check_reason(reason)
    assert caught.value.where == "reason"
    assert caught.value.fix

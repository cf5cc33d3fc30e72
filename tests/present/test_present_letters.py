"""Columns by letters: the same as openpyxl's for every column there is, and words for what is none."""

from __future__ import annotations

import pytest
from openpyxl.utils import column_index_from_string, get_column_letter

from dualtrack.errors import FieldError
from dualtrack.present.letters import COLUMNS_MAX, column_letter, column_number


def test_every_column_has_the_letters_that_spreadsheets_give_it():
    for number in range(1, COLUMNS_MAX + 1):
        letters = column_letter(number)
        assert letters == get_column_letter(number)
        assert column_number(letters) == column_number(letters.lower()) == column_index_from_string(letters) == number


@pytest.mark.parametrize("number", [0, -1, COLUMNS_MAX + 1])
def test_what_is_no_column_has_no_letters(number):
    with pytest.raises(FieldError):
        column_letter(number)


@pytest.mark.parametrize("letters", ["", "A1", "AAAA", "É", "1"])
def test_what_is_no_letters_has_no_column(letters):
    with pytest.raises(FieldError):
        column_number(letters)

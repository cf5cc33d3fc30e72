"""Columns of a sheet by their letters, as spreadsheet programs name them: A is 1, Z is 26, AA is 27.

openpyxl has the same, behind a third of a second that a reader of tables and every command would wait for.
"""

from __future__ import annotations

import re

from dualtrack.errors import FieldError

__all__ = ["COLUMNS_MAX", "column_letter", "column_number"]

COLUMNS_MAX = 18_278
"""Last column that three letters name, ZZZ; the file formats themselves end before it."""

_LETTERS = re.compile("[A-Za-z]{1,3}")


def column_letter(number: int) -> str:
    """Return a column's letters; raises FieldError outside 1 to COLUMNS_MAX."""
    if not 0 < number <= COLUMNS_MAX:
        raise FieldError(f"column {number}", where="sheet", expected=f"1 to {COLUMNS_MAX}")
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """Return the number of a column; raises FieldError for what is not one to three letters."""
    if not _LETTERS.fullmatch(letters):
        raise FieldError(f"column {letters!r:.20}", where="sheet", expected="one to three letters")
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number

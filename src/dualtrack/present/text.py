"""Fill texts in English and Traditional Chinese, and write dates as Hong Kong writes them.

The two languages travel together, so a page can never show a label in one of them only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from datetime import date

__all__ = ["date_text", "fill", "same"]

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def fill(text: Text, /, **values: Text | str | int) -> Text:
    """Return the pair with its `{names}` replaced; a Text value gives each language its own words.

    Values are put in as they are: braces in a cell's text are not read again.
    """
    return Text(
        en=text.en.format_map({name: _side(value, "en") for name, value in values.items()}),
        zh=text.zh.format_map({name: _side(value, "zh") for name, value in values.items()}),
    )


def same(text: str) -> Text:
    """Return a pair with the same words in both languages: a name, a cell reference, a figure."""
    return Text(en=text, zh=text)


def date_text(day: date) -> Text:
    """Return a date in words: `5 March 2024` and `2024年3月5日`, independent of the machine's locale."""
    return Text(
        en=f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
        zh=f"{day.year}年{day.month}月{day.day}日",
    )


def _side(value: Text | str | int, language: str) -> str:
    if isinstance(value, Text):
        return value.en if language == "en" else value.zh
    return str(value)

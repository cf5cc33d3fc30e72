"""What each column of numbers in a table is of: period, currency, scale, restated or not, from its own header first.

What a header does not say is looked for in what stands nearest above it: the header of the labels, the title, the lines of the page.
A column that names two periods, or none where others name theirs, has none, and no fact is made of it.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.documents.headings import read_heading
from dualtrack.apps.research.documents.periods import Period

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.documents.headings import Heading
    from dualtrack.apps.research.documents.model import Table

__all__ = ["Meaning", "column_meanings", "lines_above"]


class Meaning(NamedTuple):
    """What a column means. `own` tells that its own header says the period, not one around. `plain` is False where its header says more, as the name of a segment: its numbers are not the whole's."""

    period: Period | None
    currency: str | None
    scale: int
    restated: bool
    plain: bool
    text: str
    own: bool


def lines_above(table: Table, lines: Sequence[tuple[str, float]]) -> list[str]:
    """Return what stands above a table, the nearest first: its title, then lines of the page (text, bottom) above it."""
    found = list(reversed(table.title.splitlines()))
    top = table.box.top if table.box else 0.0
    found += [
        text for text, bottom in sorted(lines, key=lambda each: -each[1]) if bottom <= top + 1.0 and text not in found
    ]
    return found


def column_meanings(table: Table, above: Sequence[str]) -> dict[int, Meaning]:
    """Return the meaning of each column of numbers by its number, without columns of changes."""
    around = [read_heading(table.columns[0].text), *(each for each in map(read_heading, above) if each.says)]
    own = {
        column.number: (column.text, read_heading(column.text))
        for column in table.columns[1:]
        if column.kind == "value"
    }
    own = {number: each for number, each in own.items() if not (each[1].change and not each[1].periods)}
    rests = [heading.rest for _, heading in own.values()]
    alone = not any(heading.periods for _, heading in own.values()) and (
        len(own) == 1 or (all(rests) and len(set(rests)) == len(rests))  # one column, or one a segment
    )
    return {
        number: Meaning(
            period=_period(heading, around, alone=alone),
            currency=_currency(heading, around),
            scale=_scale(heading, around),
            restated=heading.restated,
            plain=not heading.rest and not heading.company,
            text=text,
            own=bool(heading.periods),
        )
        for number, (text, heading) in own.items()
    }


def _currency(heading: Heading, around: Sequence[Heading]) -> str | None:
    return next((each.currency for each in (heading, *around) if each.currency), None)


def _scale(heading: Heading, around: Sequence[Heading]) -> int:
    """Return the nearest scale, within what is said of the same currency; none said is ones."""
    currency = _currency(heading, around)
    for each in (heading, *around):
        if each.scale is not None and each.currency in {None, currency}:
            return each.scale
    return 0


def _period(heading: Heading, around: Sequence[Heading], *, alone: bool) -> Period | None:
    """Return the one period of a column; length and day may stand in the title: `year ended 31 December 2025` above `2025`."""
    years = {each.year for each in heading.periods}
    titles = [each for one in around for each in one.periods]
    if not years and alone:
        named = [one.periods for one in around if one.periods]
        spans = [each for each in named if each[0].months]  # `year ended` before the day of a balance brought forward
        years = {each.year for each in next(iter(spans or named), ())}
    if len(years) != 1:
        return None
    (year,) = years
    said = [each for each in heading.periods if each.end] or [each for each in titles if each.end and each.year == year]
    dated = next((each for each in titles if each.end), None)
    end = said[0].end if said else _same_day(dated.end, year) if dated else ""
    months = next((each.months for each in (*heading.periods, *titles) if each.months), None)
    return Period(year=year, end=end, months=months)


def _same_day(end: str, year: int) -> str:
    """Return the day of another year: financial years end on one day of the year unless a heading says otherwise."""
    day = date.fromisoformat(end)
    last = monthrange(year, day.month)[1]
    month_end = day.day == monthrange(day.year, day.month)[1]
    return date(year, day.month, last if month_end else min(day.day, last)).isoformat()

"""A cell as an operand: its value in base units, with the unit and scale that it is printed in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dualtrack.apps.research.calculate import numeral
from dualtrack.apps.research.reported import read_reported
from dualtrack.apps.research.solving.answer import Cited
from dualtrack.apps.research.solving.periods import periods_of
from dualtrack.apps.research.solving.scales import POWERS, Printed, table_scale
from dualtrack.apps.research.solving.words import plain
from dualtrack.apps.research.units import NUMBER, UNSTATED, unit_of
from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from dualtrack.apps.research.solving.table import Body, Held

__all__ = ["cite", "cite_quote", "said_restated", "scale_of"]

_AROUND = 200
"""How far beside a quoted number its period is looked for, in characters: about a sentence."""

_RESTATED = re.compile(r"\bre-?stated\b|經重列|重列|經重述")
_NOT_RESTATED = re.compile(r"\b(?:not|before|prior to|un) ?-?re-?stat|未經?重列|重列前")


def scale_of(body: Body, paragraphs: tuple[str, ...]) -> tuple[str, str] | None:
    """Return the scale that a table's headings or text state, and where."""
    first = tuple(text for row in body.table.rows[:2] for text in row)
    printed = tuple(dict.fromkeys(numeral(each.reported.value) for each in body.cells if not each.reported.percent))
    return table_scale((body.headings, body.table.caption, first), paragraphs, printed)


def cite(name: str, held: Held, printed: Printed, body: Body) -> Cited:
    """Return a cell as an operand: its value in base units, the way it was read kept."""
    value: Decimal = held.reported.value
    if not held.reported.percent and held.reported.scale is None:
        value = value.scaleb(POWERS[printed.scale])
    scale = printed.scale
    if held.reported.scale is not None:
        scale = next((each for each, power in POWERS.items() if power == held.reported.scale), "")
    return Cited(
        name=name, address=body.table.address(held.row, held.column), text=held.text, value=numeral(value), unit=printed.unit, scale=scale,
        period=", ".join(each.words for each in held.periods), label=held.label or held.section or held.heading,
    )  # fmt: skip


def said_restated(definition: Text, cells: Iterable[Held]) -> Text:
    """Return a definition that names the periods whose figures the report says are restated."""
    found = dict.fromkeys(
        ", ".join(each.words for each in held.periods) or held.heading
        for held in cells
        if any(_is_restated(text) for text in (held.heading, held.label, held.section))
    )
    if not found:
        return definition
    when = ", ".join(found)
    return Text(en=f"{definition.en}; {when} as restated", zh=f"{definition.zh}；{when}為經重列數字")


def _is_restated(text: str) -> bool:
    lower = plain(text)
    return _RESTATED.search(lower) is not None and _NOT_RESTATED.search(lower) is None


def cite_quote(name: str, quote: str, address: str, text: str, at: int) -> Cited | None:
    """Return a number of the text as an operand, its period that of the words around it; None for what is no single number, or a year."""
    reported = read_reported(quote)
    if reported is None or periods_of(quote):
        return None
    unit = NUMBER if reported.percent else unit_of(reported.currency) if reported.currency else UNSTATED
    power = -2 if reported.percent else reported.scale or 0
    scale = next((each for each, known in POWERS.items() if known == power), "")
    periods = periods_of(text[max(0, at - _AROUND) : at + len(quote) + _AROUND])
    return Cited(
        name=name, address=address, text=quote, value=numeral(reported.value), unit=unit, scale=scale,
        period=", ".join(each.words for each in periods), label="text",
    )  # fmt: skip

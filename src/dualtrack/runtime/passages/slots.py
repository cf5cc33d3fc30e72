"""Values that approved texts leave open: a slot `{annual-fee}` holds what is approved for the day, so that a fee is changed in one place.

A slot without a value in force leaves its passage out: nothing is quoted with a gap in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from dualtrack.domain.forms import Slug
from dualtrack.domain.records import Record, Text
from dualtrack.domain.time import parse_date
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

__all__ = ["VALUES_MAX", "Value", "check_values", "fill", "slots_in", "values_on"]

VALUES_MAX = 2_000
"""Values of one corpus, all days together."""

_SLOT = re.compile(r"\{([a-z0-9][a-z0-9-]{0,63})\}")

_Short = Annotated[str, Meta(min_length=1, max_length=300, pattern=r"\S")]


class Value(Record, frozen=True):
    """What stands in a slot from one day to another (both included), in both languages, with who answers for it and where it is from."""

    id: Slug
    text: Text
    owner: Slug
    valid_from: str
    provenance: _Short
    valid_to: str | None = None


def slots_in(*texts: str) -> set[str]:
    """Return the names of the slots that texts have."""
    return {name for text in texts for name in _SLOT.findall(text)}


def values_on(values: Sequence[Value], on: date) -> dict[str, Text]:
    """Return the values in force on a day, by id; of two that are, the one that began last."""
    begun = sorted((each for each in values if parse_date(each.valid_from) <= on), key=lambda each: each.valid_from)
    newest = {each.id: each for each in begun}
    return {
        name: each.text for name, each in newest.items() if each.valid_to is None or on <= parse_date(each.valid_to)
    }


def fill(text: Text, values: Mapping[str, Text]) -> Text:
    """Return a text with what its slots hold; a slot without a value stays as it is written."""

    def held(language: str) -> str:
        chosen = {name: value.en if language == "en" else value.zh for name, value in values.items()}
        return _SLOT.sub(lambda match: chosen.get(match[1], match[0]), text.en if language == "en" else text.zh)

    return Text(en=held("en"), zh=held("zh"))


def check_values(values: Sequence[Value], *, where: str) -> None:
    """Check what types cannot say: days in order, no two values of one slot that begin on one day, both languages, no slot in a value."""
    if len(values) > VALUES_MAX:
        raise FieldError(f"{len(values)} values", where=where, expected=f"at most {VALUES_MAX}")
    seen: set[tuple[str, str]] = set()
    for number, each in enumerate(values, 1):
        place = f"{where}, value {number} ({each.id})"
        begin = parse_date(each.valid_from, where=f"{place}, field valid_from")
        if each.valid_to is not None and parse_date(each.valid_to, where=f"{place}, field valid_to") < begin:
            raise FieldError("ends before it begins", where=place, fix="correct valid_from or valid_to")
        if (each.id, each.valid_from) in seen:
            raise FieldError("begins on the day on which another begins", where=place, fix="give it its own first day")
        if not (each.text.en.strip() and each.text.zh.strip()):
            raise FieldError("a language is empty", where=place, fix="write the value in both languages")
        if slots_in(each.text.en, each.text.zh):
            raise FieldError("a slot in a value", where=place, fix="write what stands there")
        seen.add((each.id, each.valid_from))

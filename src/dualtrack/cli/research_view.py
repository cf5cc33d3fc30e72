"""A reply of the research desk as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.research.saying import rounded
from dualtrack.apps.research.solving.recognised import READ_BY_OCR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.apps.research.asking import Reply
    from dualtrack.apps.research.units import Unit

__all__ = ["reply_lines"]


def reply_lines(reply: Reply) -> Iterator[str]:
    """Yield what a reply says, both languages where they are its own words."""
    if reply.figure is not None:
        figure = reply.figure
        shown = " ".join(filter(None, (figure.choice, rounded(figure.shown), *_printed_in(figure.scale, figure.unit))))
        yield f"{shown} ({figure.definition.en}; {figure.definition.zh})"
        exact = f" = {figure.shown}" if rounded(figure.shown) != figure.shown else ""
        yield f"  = {figure.expression}{exact}"
        for operand in figure.operands:
            read = " ".join(_printed_in(operand.scale, operand.unit))
            where = f"{operand.text} at {operand.address}, {operand.label} {operand.period}".rstrip()
            yield f"  {operand.name}: {where}{f' ({read})' if read else ''}{_sure(operand.confidence)}"
        if figure.second is not None:
            yield f"  a second way agrees: {figure.second.how.en}"
    elif reply.quote is not None:
        yield f'"{reply.quote.text}" at {reply.quote.address}'
        if reply.quote.confidence is not None:
            yield f"  {READ_BY_OCR.en}; {READ_BY_OCR.zh}{_sure(reply.quote.confidence)}"
    elif reply.none is not None:
        yield f"no answer: {reply.none.words.en} {reply.none.words.zh}"
        yield f"  what would settle it: {reply.none.settles.en}; {reply.none.settles.zh}"
    for text in reply.clarify:
        yield f"asked back: {text.en} {text.zh}"
    if reply.source is not None:
        yield f"  source: {reply.source.document}, page {reply.source.page} ({reply.licence})"


def _sure(confidence: float | None) -> str:
    """Return how sure the recogniser was, of what was read from a picture."""
    return "" if confidence is None else f", OCR {confidence:.0%} sure"


def _printed_in(scale: str, unit: Unit) -> Iterator[str]:
    """Yield the scale and the unit of a number, or that no unit is stated; a pure number has none."""
    if scale and scale != "one":
        yield scale
    if unit.parts or not unit.stated:
        yield unit.words

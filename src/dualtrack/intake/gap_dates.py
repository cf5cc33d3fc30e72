"""Dates that cannot be read, have two readings, lie in the future, or say that a validation is stale."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.intake.catalogue import catalogue, phrase
from dualtrack.intake.dates import DateReading, Span, read_date
from dualtrack.intake.lexicon import columns, in_words, periods, words
from dualtrack.intake.reading import Draft, Reading
from dualtrack.present.text import date_text, fill, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.intake.records import InventoryRow

__all__ = ["dates"]


def dates(reading: Reading) -> Iterator[Draft]:
    """Yield drafts about every mapped date field; staleness only where all readings of the date agree."""
    for field, spec in columns().fields.items():
        if spec.kind != "date" or not reading.column(field):
            continue
        for row in reading.rows:
            if reading.blank(row, field):
                continue
            cell = reading.cell(row, field)
            read = read_date(cell.text, cell.kind, epoch_1904=reading.epoch_1904)
            if read is None:
                detail = fill(catalogue().findings["unreadable-date"].detail, field=spec.label, text=cell.text)
                yield Draft(kind="unreadable-date", row=row, cells=(cell,), detail=detail)
                continue
            if read.ambiguous:
                detail = fill(catalogue().findings["ambiguous-date"].detail, field=spec.label, readings=_readings(read))
                yield Draft(kind="ambiguous-date", row=row, cells=(cell,), detail=detail)
            if field == "validation_date":
                yield from _age(reading, row, read)


def _age(reading: Reading, row: InventoryRow, read: DateReading) -> Iterator[Draft]:
    cell = reading.cell(row, "validation_date")
    exact = read.earliest == read.latest
    if read.earliest > reading.at:
        day = date_text(read.earliest) if exact else phrase("at_earliest", day=date_text(read.earliest))
        detail = fill(catalogue().findings["validation-in-future"].detail, day=day)
        yield Draft(kind="validation-in-future", row=row, cells=(cell,), detail=detail)
        return
    limit, tier = _limit(reading, row)
    if reading.at - read.latest > timedelta(days=limit):
        day = date_text(read.latest) if exact else phrase("at_latest", day=date_text(read.latest))
        days = (reading.at - read.latest).days
        detail = fill(catalogue().findings["stale-validation"].detail, day=day, days=days, limit=limit, tier=tier)
        cells = (reading.cell(row, "risk_tier"), cell) if reading.column("risk_tier") else (cell,)
        yield Draft(kind="stale-validation", row=row, cells=cells, detail=detail)


def _limit(reading: Reading, row: InventoryRow) -> tuple[int, Text]:
    """Return our limit in days for a row, and why: the stricter one for a high tier and where no tier is known."""
    period = periods().at(reading.at)
    if reading.blank(row, "risk_tier"):
        return period.high_days, phrase("tier_unknown")
    if in_words(row.text("risk_tier"), words().high_tier):
        return period.high_days, phrase("tier_high")
    return period.other_days, phrase("tier_other")


def _readings(read: DateReading) -> Text:
    spans = [_span(span) for span in read.spans]
    joint = phrase("or")
    return Text(en=joint.en.join(span.en for span in spans), zh=joint.zh.join(span.zh for span in spans))


def _span(span: Span) -> Text:
    if span.first == span.last:
        return date_text(span.first)
    return phrase("to", first=date_text(span.first), last=date_text(span.last)) if span.last else same("")

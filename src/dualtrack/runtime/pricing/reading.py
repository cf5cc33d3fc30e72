"""Reads the decisions of a use that can be compared: one release, one policy, one kind of mode; the rest counted and named.

A release or policy that changed in the middle makes two populations, and a price over both belongs to neither. Observed
decisions ran without their guards' actions, drills were asked by the firm itself: each is a set of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec
from sqlalchemy import func, select

from dualtrack.domain.entry import Entry
from dualtrack.domain.time import parse_instant
from dualtrack.runtime.lookup import id_floor
from dualtrack.runtime.plant_counts import planted_decisions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement

    from dualtrack.store.register import Register

__all__ = ["DECISIONS_MAX", "MODES", "Comparable", "Logged", "Population", "Span", "Verdict", "read_comparable"]

DECISIONS_MAX = 2_000_000
"""Decisions read into one price: a few gigabytes; a longer record is priced by spans."""

Population = Literal["decided", "observe", "drill"]

MODES: dict[Population, frozenset[str]] = {
    "decided": frozenset({"live", "trial", "shadow"}),
    "observe": frozenset({"observe"}),
    "drill": frozenset({"drill"}),
}
"""Which modes make up a set of decisions."""


class Verdict(msgspec.Struct, frozen=True):
    """What a guard said: only what a price needs of it."""

    guard: str
    stage: str
    score: int


class Logged(msgspec.Struct, frozen=True):
    """A decision as it was logged: only what a price needs of it."""

    id: str
    release: str
    policy: str | None
    mode: str
    outcome: str
    guards: list[Verdict]
    subject: str | None


class Span(NamedTuple):
    """Which decisions are asked about: since and until (not included) are instants; `newest` bounds how many are read."""

    since: str | None = None
    until: str | None = None
    newest: int | None = None


class Comparable(NamedTuple):
    """Decisions of one release and policy in one set, oldest first; what was left out, by reason, and where it begins.

    `others` counts decisions of other releases or policies by both digests, `modes` those of other sets, `planted` known-wrong
    items laid in by the firm, `erased` records whose content is gone.
    """

    decisions: list[Logged]
    release: str | None
    policy: str | None
    population: Population
    others: dict[tuple[str, str], int]
    modes: dict[str, int]
    planted: int
    erased: int
    start: int
    whole: bool


_decode = msgspec.json.Decoder(Logged).decode


def read_comparable(register: Register, use: str, span: Span, population: Population = "decided") -> Comparable:
    """Return the decisions to compare: those of the release and policy under which the newest of the set ran."""
    bounds = _bounds(register, use, span)
    planted = planted_decisions(register, shown=True)
    kept: list[Logged] = []
    modes: dict[str, int] = {}
    left_out = erased = 0
    for found in _records(register, use, bounds):
        if found is None:
            erased += 1
        elif not bounds.first <= found.id < bounds.beyond:
            continue
        elif found.id in planted:
            left_out += 1
        elif found.mode in MODES[population]:
            kept.append(found)
        else:
            modes[found.mode] = modes.get(found.mode, 0) + 1
    kept.sort(key=lambda item: item.id)
    newest = (kept[-1].release, kept[-1].policy or "") if kept else None
    others: dict[tuple[str, str], int] = {}
    for item in kept:
        key = (item.release, item.policy or "")
        if key != newest:
            others[key] = others.get(key, 0) + 1
    same = [item for item in kept if (item.release, item.policy or "") == newest]
    release, policy = newest or (None, None)
    return Comparable(
        same, release, policy or None, population, others, modes, left_out, erased, bounds.start, bounds.whole
    )


class _Bounds(NamedTuple):
    first: str
    beyond: str
    start: int
    end: int
    whole: bool


def _bounds(register: Register, use: str, span: Span) -> _Bounds:
    """Return the ids and ledger indices between which the decisions lie; `whole` is false where there are more."""
    table = register.repository.tables.decision
    first = "0" if span.since is None else id_floor(parse_instant(span.since, where="since").timestamp())
    beyond = "~" if span.until is None else id_floor(parse_instant(span.until, where="until").timestamp())
    wanted: list[ColumnElement[bool]] = [
        table.c.ledger == register.repository.ledger, table.c.use_id == use, table.c.outcome != "begun",
        table.c.id >= first, table.c.id < beyond,
    ]  # fmt: skip
    limit = min(span.newest or DECISIONS_MAX, DECISIONS_MAX)
    newest = select(table.c.id, table.c.idx).where(*wanted).order_by(table.c.id.desc()).limit(limit).subquery()
    total = select(func.count()).select_from(table).where(*wanted)
    ends = select(func.min(newest.c.id), func.min(newest.c.idx), func.max(newest.c.idx))
    with register.repository.backend.read() as connection:
        lowest, start, end = connection.execute(ends).one()
        whole = int(connection.execute(total).scalar_one()) <= limit
    if lowest is None:
        return _Bounds(first, beyond, 0, 0, whole)
    return _Bounds(max(first, str(lowest)), beyond, int(start), int(end) + 1, whole)


def _records(register: Register, use: str, bounds: _Bounds) -> Iterator[Logged | None]:
    """Yield decisions between two indices in the order of the ledger; None for one whose content was erased."""
    start = bounds.start
    while start < bounds.end:
        page = register.repository.entries(kinds=("decision/1",), ids=(use,), start=start, end=bounds.end)
        if not page:
            return
        for entry in page:
            yield _decode(entry.content) if isinstance(entry, Entry) else None
        start = page[-1].index + 1

"""Gathering for a plan: what its counting measures want, counted together in as few queries as will do, on any engine.

A tally that asks for no more than another does is answered from it: equal tallies of two measures are counted once, and a count by
sex comes out of the count by sex and age. Whole numbers add up, so the answers are those that a query each would give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from dualtrack.errors import DualtrackError, FieldError
from dualtrack.evidence.tally import Counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.domain.records import Record
    from dualtrack.evidence.engines.engine import Engine, Source
    from dualtrack.evidence.measure import CountingMeasure
    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Tally

__all__ = ["BINS_SHARED_MAX", "Gathered", "answers", "gather_on", "plan_queries", "roll_up"]

BINS_SHARED_MAX = 1_000
"""Most bins that another tally's query may carry along: beyond, a query of its own is the cheaper one."""


class Gathered(NamedTuple):
    """Statistics of one measure, or why there are none."""

    statistics: Record | None
    error: DualtrackError | None = None


def gather_on(
    engine: Engine,
    table: Source,
    asked: Sequence[tuple[CountingMeasure[Any, Any], Record]],
    roles: Roles,
) -> tuple[Gathered, ...]:
    """Gather for counting measures with their settings, in their order; one that cannot be gathered leaves the others be."""
    wanted: list[list[Tally] | DualtrackError] = []
    for measure, settings in asked:
        try:
            wanted.append(list(measure.tallies(roles, settings)))
        except DualtrackError as error:
            wanted.append(error)
    found = answers(engine, table, [tally for tallies in wanted if isinstance(tallies, list) for tally in tallies])
    return tuple(
        _gathered(measure, settings, tallies, found) for (measure, settings), tallies in zip(asked, wanted, strict=True)
    )


def answers(engine: Engine, table: Source, tallies: Sequence[Tally]) -> dict[Tally, Counted | DualtrackError]:
    """Return the answer to each tally, or the error that it met; a tally is never failed by another's column."""
    done: dict[Tally, Counted | DualtrackError] = {}
    plan = plan_queries(tallies)
    for wide in plan:
        done[wide] = _asked(engine, table, wide)
    found: dict[Tally, Counted | DualtrackError] = {}
    for tally in tallies:
        if tally in found:
            continue
        whole = done[next(wide for wide in plan if _covers(wide, tally))]
        found[tally] = roll_up(whole, tally) if isinstance(whole, Counted) else _asked(engine, table, tally)
    return found


def plan_queries(tallies: Sequence[Tally]) -> tuple[Tally, ...]:
    """Return the tallies that must be asked: the widest first, without those that another answers."""
    order = sorted(dict.fromkeys(tallies), key=lambda tally: (-len(tally.keys), -len(tally.amounts)))
    plan: list[Tally] = []
    for tally in order:
        if not any(_covers(wide, tally) for wide in plan):
            plan.append(tally)
    return tuple(plan)


def roll_up(counted: Counted, tally: Tally) -> Counted:
    """Return the answer to a tally from the answer to one that covers it."""
    wide = counted.tally
    if not _covers(wide, tally):
        raise FieldError(f"tally {wide.name!r}", where=tally.name, expected="one with all of its keys and amounts")
    if (wide.keys, wide.amounts) == (tally.keys, tally.amounts):
        return replace(counted, tally=tally)
    keys = [wide.keys.index(key) for key in tally.keys]
    amounts = [wide.amounts.index(amount) for amount in tally.amounts]
    counts: dict[tuple[str, ...], int] = {}
    sums: dict[tuple[str, ...], list[int]] = {}
    for at, (cell, count) in enumerate(zip(counted.cells, counted.counts, strict=True)):
        narrow = tuple(cell[key] for key in keys)
        counts[narrow] = counts.get(narrow, 0) + count
        total = sums.setdefault(narrow, [0] * len(amounts))
        for place, amount in enumerate(amounts):
            total[place] += counted.sums[at][amount]
    cells = tuple(sorted(counts))
    return Counted(
        tally=tally,
        cells=cells,
        counts=tuple(counts[cell] for cell in cells),
        sums=tuple(tuple(sums[cell]) for cell in cells),
    )


def _covers(wide: Tally, tally: Tally) -> bool:
    """Say whether one tally's answer holds another's."""
    if (wide.keys, wide.amounts) == (tally.keys, tally.amounts):
        return True
    bins = max((len(key.edges) for key in wide.keys if key not in tally.keys), default=0)
    return set(tally.keys) <= set(wide.keys) and set(tally.amounts) <= set(wide.amounts) and bins <= BINS_SHARED_MAX


def _asked(engine: Engine, table: Source, tally: Tally) -> Counted | DualtrackError:
    try:
        return engine.count(table, [tally])[0]
    except DualtrackError as error:
        return error


def _gathered(
    measure: CountingMeasure[Any, Any],
    settings: Record,
    tallies: list[Tally] | DualtrackError,
    found: dict[Tally, Counted | DualtrackError],
) -> Gathered:
    if isinstance(tallies, DualtrackError):
        return Gathered(None, tallies)
    answered: list[Counted] = []
    for tally in tallies:
        answer = found[tally]
        if not isinstance(answer, Counted):
            return Gathered(None, answer)
        answered.append(answer)
    try:
        return Gathered(measure.from_counted(answered, settings))
    except DualtrackError as error:
        return Gathered(None, error)

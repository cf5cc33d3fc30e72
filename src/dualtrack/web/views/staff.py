"""What AI changes for employees: hours released by where they go, only for groups of ten posts or more, never per person."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry
from dualtrack.domain.records import read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.domain.vocabulary import Destination
from dualtrack.keys import dsse
from dualtrack.present.terms import DESTINATION_WORDS
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.store.register import Register
    from dualtrack.web.views.rendering import Language

__all__ = [
    "GROUP_HOURS_MIN",
    "GROUP_POSTS_MIN",
    "POST_HOURS",
    "DestinationRow",
    "StaffUse",
    "TaskRow",
    "declared_uses",
    "destinations",
    "staff_use",
]

GROUP_POSTS_MIN = 10
"""Posts behind any figure: with fewer, colleagues can work out whose hours they are."""

POST_HOURS = 160
"""Hours of a full post in a month. Our own figure: a declaration states hours of a group, not its size."""

GROUP_HOURS_MIN = GROUP_POSTS_MIN * POST_HOURS
"""Hours a month from which a group surely holds ten full posts."""


class DestinationRow(NamedTuple):
    """Where released hours go. Hours are None where the tasks together are fewer than ten posts."""

    label: str
    tasks: int
    released: float | None
    of: float | None
    undecided: bool


class TaskRow(NamedTuple):
    """A task whose work changes; `released` is None for a group of fewer than ten posts."""

    name: str
    destination: str
    released: float | None
    of: float | None


class StaffUse(NamedTuple):
    """A use, which tasks it changes, whether it decides about employees, and whom to ask."""

    use: str
    title: str
    purpose: str
    decides_about_staff: bool
    ask: str
    executive: str
    tasks: tuple[TaskRow, ...]


def destinations(declared: Sequence[UseCase], language: Language) -> list[DestinationRow]:
    """Return released hours by declared destination over all uses; a small group's are not shown, and no total is given.

    A total would give away what one hidden row holds.
    """
    found = []
    for destination in Destination:
        tasks = [task for use in declared for task in use.tasks if task.destination is destination]
        if not tasks:
            continue
        of = math.fsum(task.hours_per_month for task in tasks)
        shown = of >= GROUP_HOURS_MIN
        found.append(
            DestinationRow(
                both(DESTINATION_WORDS[destination], language),
                len(tasks),
                math.fsum(task.hours_released for task in tasks) if shown else None,
                of if shown else None,
                destination is Destination.UNDECIDED,
            )
        )
    return found


def declared_uses(register: Register, only: frozenset[str] | None) -> list[UseCase]:
    """Return the newest declarations of the uses in `only` (None is all), read in one go: no other is taken out of the store."""
    if only is not None and not only:
        return []  # to the store, no ids are all ids
    newest: dict[str, bytes] = {}
    for entry in register.repository.every(kinds=("declaration/1",), ids=sorted(only or ())):
        if isinstance(entry, Entry):
            newest[entry.parsed.id] = entry.content
    return [
        read_record(canonical.decode(dsse.parse(content).payload), UseCase, where=f"declaration of {use}")
        for use, content in sorted(newest.items())
    ]


def staff_use(use: UseCase, language: Language) -> StaffUse:
    """Return a use as employees read it."""
    return StaffUse(
        use=use.use,
        title=both(use.title, language),
        purpose=both(use.purpose, language),
        decides_about_staff="staff" in use.affected,
        ask=use.lines.first,
        executive=use.accountable_executive,
        tasks=tuple(
            TaskRow(
                both(task.name, language),
                both(DESTINATION_WORDS[task.destination], language),
                task.hours_released if task.hours_per_month >= GROUP_HOURS_MIN else None,
                task.hours_per_month if task.hours_per_month >= GROUP_HOURS_MIN else None,
            )
            for task in use.tasks
        ),
    )

"""What AI changes for employees: hours released by where they go, only for groups of ten posts or more, never per person."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.vocabulary import Destination
from dualtrack.present.terms import DESTINATION_WORDS
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.domain.usecase import UseCase
    from dualtrack.web.views.rendering import Language

__all__ = [
    "GROUP_HOURS_MIN",
    "GROUP_POSTS_MIN",
    "POST_HOURS",
    "DestinationRow",
    "StaffUse",
    "TaskRow",
    "destinations",
    "staff_uses",
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
    """A use that changes work or decides about employees, and whom to ask."""

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


def staff_uses(declared: Sequence[UseCase], language: Language) -> list[StaffUse]:
    """Return the uses that affect employees: those that change tasks and those that decide about staff."""
    return [
        StaffUse(
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
        for use in declared
        if use.tasks or "staff" in use.affected
    ]

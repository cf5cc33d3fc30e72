"""UseCase: one use of AI for one purpose in one opportunity area, as declared by its owner."""

from __future__ import annotations

from typing import get_args

from dualtrack.domain.forms import Digest, Group, Holder, Slug, TopicName, UseName
from dualtrack.domain.ids import check_digest, check_slug, parse_use
from dualtrack.domain.records import Record, Text, Value
from dualtrack.domain.time import parse_instant
from dualtrack.domain.vocabulary import Area, ComponentType, Design, Destination, Sector, Track
from dualtrack.errors import FieldError

__all__ = [
    "AFFECTED",
    "LIST_MAX",
    "Claim",
    "Component",
    "Lines",
    "Scope",
    "Task",
    "UseCase",
    "check_use_case",
    "primary_claim",
]

LIST_MAX = 200
"""Components, tasks or claims in one declaration; a use with more is several uses."""


class Lines(Record, frozen=True):
    """Holders who own the use in each of the three lines of defence."""

    first: Holder
    second: Holder
    third: Holder


class Scope(Record, frozen=True):
    """What the use does and does not do."""

    does: Text
    does_not: Text
    intents: list[str] = []
    languages: list[str] = []
    monthly_volume: int | None = None


class Task(Record, frozen=True):
    """A task whose work the use changes; hours are for the whole group that does it, never for a person."""

    name: Text
    hours_per_month: float
    hours_released: float
    destination: Destination


class Component(Record, frozen=True):
    """A part of the use with its provenance and the rights held; null is undeclared, and shown as such.

    A name in both languages is read by customers in theirs; one of a single language is shown as it is.
    """

    id: Slug
    type: ComponentType
    name: Text | str
    version: str
    digest: Digest | None = None
    provider: str | None = None
    licence: str | None = None
    source: str | None = None
    reservation: str | None = None
    indemnity: str | None = None


class Claim(Record, frozen=True):
    """What is asserted on one track; a benefit claim registers its baseline, design and minimum beforehand."""

    id: Slug
    track: Track
    topic: TopicName
    statement: Text
    primary: bool = False
    baseline: Slug | None = None
    design: Design | None = None
    minimum: float | None = None
    margin: float | None = None
    unit: str | None = None


class UseCase(Record, frozen=True):
    """The declaration. `facts` are typed answers to the questions of `questions.yaml`; an absent answer is unknown."""

    use: UseName
    title: Text
    purpose: Text
    area: Area
    sector: Sector
    accountable_executive: Holder
    lines: Lines
    scope: Scope
    affected: list[Group] = []
    builders: list[Slug] = []
    facts: dict[str, Value] = {}
    tasks: list[Task] = []
    components: list[Component] = []
    claims: list[Claim] = []
    fallback: Text | None = None
    live_since: str | None = None
    template: str | None = None
    demo: bool = False


AFFECTED: frozenset[str] = frozenset(get_args(Group))
"""The values of `Group`."""


def primary_claim(use_case: UseCase) -> Claim | None:
    """Return the one primary benefit claim; none, or more than one, is no claim."""
    found = [claim for claim in use_case.claims if claim.primary and claim.track is Track.BENEFIT]
    return found[0] if len(found) == 1 else None


def check_use_case(use_case: UseCase, *, where: str) -> None:
    """Check what types cannot say; raises FieldError naming the field."""
    parse_use(use_case.use, where=f"{where}, field use")
    for holder in (use_case.accountable_executive, use_case.lines.first, use_case.lines.second, use_case.lines.third):
        check_slug(holder, where=f"{where}, holders")
    for name, items in (("components", use_case.components), ("claims", use_case.claims), ("tasks", use_case.tasks)):
        if len(items) > LIST_MAX:
            raise FieldError(f"{len(items)} items", where=f"{where}, field {name}", expected=f"at most {LIST_MAX}")
    _check_unique([component.id for component in use_case.components], f"{where}, field components")
    _check_unique([claim.id for claim in use_case.claims], f"{where}, field claims")
    if sum(claim.primary for claim in use_case.claims) > 1:
        raise FieldError("more than one primary claim", where=f"{where}, field claims", fix="mark one as primary")
    unknown = sorted(set(use_case.affected) - AFFECTED)
    if unknown:
        raise FieldError(f"{unknown[0]!r}", where=f"{where}, field affected", expected=", ".join(sorted(AFFECTED)))
    for component in use_case.components:
        if component.digest is not None:
            check_digest(component.digest, where=f"{where}, component {component.id}")
    for task in use_case.tasks:
        _check_hours(task, f"{where}, task {task.name.en!r}")
    if use_case.live_since is not None:
        parse_instant(use_case.live_since, where=f"{where}, field live_since")


def _check_unique(ids: list[str], where: str) -> None:
    for identifier in ids:
        check_slug(identifier, where=where)
    if len(set(ids)) != len(ids):
        twice = next(identifier for identifier in ids if ids.count(identifier) > 1)
        raise FieldError(f"{twice!r} is used twice", where=where, fix="give each its own id")


def _check_hours(task: Task, where: str) -> None:
    if not 0 <= task.hours_released <= task.hours_per_month:
        raise FieldError(
            f"{task.hours_released} hours released of {task.hours_per_month}",
            where=where,
            expected="between 0 and hours_per_month",
        )

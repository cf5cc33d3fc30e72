"""All measures by name: those of the shipped families and those that other packages register.

A package adds measures through the entry-point group `dualtrack.measures`: each entry names a tuple of `Measure` classes. An
application (group `dualtrack.apps`) brings its own with it.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import Any

from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.measure import Measure

__all__ = ["GROUP", "AnyMeasure", "find_measure", "measures"]

GROUP = "dualtrack.measures"
"""The entry-point group."""

_APPLICATIONS = "dualtrack.apps"

AnyMeasure = Measure[Any, Any]
"""A measure of any statistics and settings."""


@cache
def measures() -> dict[str, AnyMeasure]:
    """Return every measure by name, sorted; raises EvidenceError for an entry that is no tuple of measures or a name twice."""
    found: dict[str, AnyMeasure] = {}
    of_apps = [(entry.name, entry.load().measures) for entry in entry_points(group=_APPLICATIONS)]
    listed = [(entry.name, entry.load()) for entry in entry_points(group=GROUP)]
    for name, value in sorted([*listed, *of_apps], key=lambda each: each[0]):
        for kind in _load(name, value):
            if kind.name in found:
                raise EvidenceError(
                    f"two measures named {kind.name!r}", where=f"entry point {name}", fix="rename or remove one"
                )
            found[kind.name] = kind()
    return dict(sorted(found.items()))


def find_measure(name: str, *, where: str = "measure") -> AnyMeasure:
    """Return a measure by name; raises FieldError with names that are near."""
    known = measures()
    if name not in known:
        family = name.partition(".")[0]
        near = [each for each in known if each.startswith(f"{family}.")] or sorted(
            {each.partition(".")[0] for each in known}
        )
        raise FieldError(f"no measure {name!r}", where=where, expected=", ".join(near), fix="see `dualtrack measures`")
    return known[name]


def _load(name: str, value: object) -> tuple[type[AnyMeasure], ...]:
    kinds = value if isinstance(value, tuple) else ()
    good = isinstance(value, tuple) and all(
        isinstance(kind, type) and issubclass(kind, Measure) and kind.name.startswith(f"{kind.family}.")
        for kind in kinds
    )
    if not good:
        raise EvidenceError(
            "not a tuple of measures",
            where=f"entry point {name} of {GROUP}",
            expected="classes of dualtrack.evidence.measure.Measure, each named family.name",
        )
    return kinds

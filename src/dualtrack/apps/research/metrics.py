"""The catalogue of named figures: what each is, from which roles, in which unit, by which definition.

A figure by name is computed from cells that a person points at, role by role; the unit of every role is what the definition says, so
that shares cannot stand where money is meant. Where several definitions are in use each has a name of its own.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from dualtrack.apps.research.expression import read_expression
from dualtrack.apps.research.units import NUMBER, Unit
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.errors import NotFoundError

__all__ = ["Catalogue", "Metric", "Role", "catalogue", "find_metric", "metric_roles", "role_unit"]

_FILE = "metrics.yaml"


class Role(Record, frozen=True, rename={"zh": "zh-Hant"}):
    """A number that a definition asks for, and the kind that it is of."""

    kind: str
    en: str
    zh: str


class Metric(Record, frozen=True, rename={"zh": "zh-Hant"}):
    """A definition: its formula over roles, and where it is from."""

    en: str
    zh: str
    formula: str
    source: str


class Catalogue(Record, frozen=True):
    """All definitions, the roles that they use, and the unit of each kind of role."""

    kinds: dict[str, list[str]]
    roles: dict[str, Role]
    metrics: dict[str, Metric]


@cache
def catalogue() -> Catalogue:
    """Return the shipped definitions."""
    data = (resources.files("dualtrack.apps.research") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), Catalogue, where=_FILE)


def find_metric(name: str, *, where: str = "metric") -> Metric:
    """Return a definition by its name; raises NotFoundError with names that begin or end alike."""
    found = catalogue().metrics.get(name)
    if found is None:
        words = set(name.replace("-", "_").split("_"))
        near = [each for each in catalogue().metrics if words & set(each.split("_"))]
        raise NotFoundError(
            f"no figure {name!r:.60}", where=where, expected=", ".join(near[:8]), fix="see `dualtrack research metrics`"
        )
    return found


def metric_roles(metric: Metric) -> tuple[str, ...]:
    """Return the roles of a definition, in the order of its formula."""
    return tuple(each.text for each in read_expression(metric.formula, names=True).written if each.kind == "name")


def role_unit(role: str, currency: str) -> Unit:
    """Return the unit of a role in a report of this currency."""
    powers: dict[str, int] = {}
    for part in catalogue().kinds[catalogue().roles[role].kind]:
        name = part.lstrip("-")
        powers[currency if name == "money" else name] = -1 if part.startswith("-") else 1
    return Unit(parts=tuple(sorted(powers.items()))) if powers else NUMBER

"""Who must do what: the findings sorted by the owner that the inventory names."""

from __future__ import annotations

from dualtrack.domain.records import Record, Text
from dualtrack.intake.catalogue import catalogue
from dualtrack.intake.lexicon import fold
from dualtrack.intake.records import Finding, Kept
from dualtrack.present.text import same

__all__ = ["Owner", "Step", "Use", "todo"]


class Step(Record, frozen=True):
    """One thing to do: finding number, severity, words, and the cells it is about."""

    number: str
    severity: str
    action: Text
    cells: tuple[Kept, ...]


class Use(Record, frozen=True):
    """A row of the inventory and what must be done about it; no row for the table itself."""

    row: int | None
    name: str
    steps: tuple[Step, ...]


class Owner(Record, frozen=True):
    """A person, `nobody` (rows without an owner) or `keeper` (gaps in the table itself), with what each must do."""

    kind: str
    name: Text
    uses: tuple[Use, ...]

    @property
    def steps(self) -> int:
        """Return how many things there are to do."""
        return sum(len(use.steps) for use in self.uses)


def todo(findings: tuple[Finding, ...]) -> tuple[Owner, ...]:
    """Return the to-do list: the table's keeper, then rows that nobody owns, then owners by name.

    Names that differ in case, width or spacing only are one owner, written as it was met first.
    """
    groups: dict[tuple[int, str], list[Finding]] = {}
    names: dict[tuple[int, str], Text] = {(0, ""): catalogue().keeper, (1, ""): catalogue().nobody}
    for finding in sorted(findings, key=lambda found: found.row or 0):
        key = (0, "") if finding.row is None else (2, fold(finding.owner)) if finding.owner else (1, "")
        names.setdefault(key, same(finding.owner))
        groups.setdefault(key, []).append(finding)
    kinds = ("keeper", "nobody", "owner")
    return tuple(Owner(kind=kinds[key[0]], name=names[key], uses=_uses(groups[key])) for key in sorted(groups))


def _uses(findings: list[Finding]) -> tuple[Use, ...]:
    rows: dict[int | None, list[Finding]] = {}
    for finding in findings:
        rows.setdefault(finding.row, []).append(finding)
    return tuple(
        Use(
            row=row,
            name=found[0].name,
            steps=tuple(
                Step(number=one.number, severity=one.severity, action=one.action, cells=one.cells)
                for one in sorted(found, key=lambda one: one.number)
            ),
        )
        for row, found in rows.items()
    )

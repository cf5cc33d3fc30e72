"""What the formats share: names that follow from digests, numbers as text, the measurements an outsider may see."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, NamedTuple

from dualtrack import __version__
from dualtrack.present.phrases import our_test

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualtrack.evidence.measurement import Measurement, Part
    from dualtrack.rules.records import RuleData
    from dualtrack.supervisor.formats.case import ExportCase

__all__ = [
    "DISCLAIMER",
    "NAMESPACE",
    "TOOL",
    "Shown",
    "cell_size_min",
    "lines_bytes",
    "number",
    "one_line",
    "pretty_bytes",
    "rule_test",
    "shown_parts",
    "stable_uuid",
]

NAMESPACE = "urn:dualtrack:ns:1"
"""Our namespace, for whatever a format leaves to its users to name."""

TOOL = f"dualtrack {__version__}"
"""The program and version that made an export."""

DISCLAIMER = (
    "Outcomes of our tests for paragraphs of the documents named, computed by the institution from signed evidence. "
    "Not a regulator's approval, and no statement that any law or rule is complied with."
)
"""Stands in every export that shows an outcome of a rule."""

_ROOT = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)


class Shown(NamedTuple):
    """The parts of a measurement that may leave the firm, and how many were withheld because the group is small."""

    parts: list[Part]
    withheld: int


def stable_uuid(*names: object) -> str:
    """Return the UUID (version 5, RFC 9562) of what the names say: the same names always give the same one."""
    return str(uuid.uuid5(_ROOT, json.dumps([str(name) for name in names])))


def number(value: float) -> str:
    """Return a number as the shortest text that reads back as the same double."""
    return repr(float(value)) if isinstance(value, float) else str(value)


def one_line(text: str) -> str:
    """Return a text that people wrote as one line without blanks around it, and never empty: some formats take no other."""
    return " ".join(text.split()) or "none"


def pretty_bytes(document: object) -> bytes:
    """Return a document as indented JSON with sorted keys: the same data, the same bytes."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True)
    return f"{text}\n".encode()


def lines_bytes(documents: Iterable[object]) -> bytes:
    """Return documents as JSON lines, each with sorted keys."""
    return b"".join(
        f"{json.dumps(each, ensure_ascii=False, allow_nan=False, separators=(',', ':'), sort_keys=True)}\n".encode()
        for each in documents
    )


def rule_test(rule: RuleData) -> str:
    """Return how our test of a rule is named: `our test for paragraph 18(a)`."""
    return our_test(rule.cites).en


def cell_size_min(case: ExportCase, plan_index: int | None) -> int:
    """Return the fewest people of a group whose figure may be shown: the registered plan's, else the largest of any plan."""
    sizes = {planned.index: planned.plan.cell_size_min for planned in case.plans}
    if plan_index in sizes:
        return sizes[plan_index]
    return max(sizes.values(), default=_CELL_SIZE)


_CELL_SIZE = 30
"""Fewest people of a group that is shown where no plan says: the plan's own default."""


def shown_parts(measurement: Measurement, least: int) -> Shown:
    """Return the parts with an estimate on at least `least` rows; the others are counted, never shown."""
    kept = [part for part in measurement.parts if part.estimate is not None and part.n >= least]
    small = sum(part.n < least for part in measurement.parts)
    return Shown(kept, small)

"""The shipped plans, one for each table, fitted to a use: what no adopted pack reads is measured and reported without a threshold."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from msgspec.structs import replace

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import read_record
from dualtrack.errors import NotFoundError
from dualtrack.evidence.plans.reading import read_plan

if TYPE_CHECKING:
    from collections.abc import Collection

    from dualtrack.evidence.plans.records import MeasurementPlan


__all__ = ["SUBJECTS", "Fitted", "Subject", "fit_plan", "plan_text", "shipped_plan"]

Subject = Literal["answers", "outside", "sentences", "escalations", "injections", "intents", "conversations"]
"""What a table and its plan are about."""

SUBJECTS: tuple[Subject, ...] = get_args(Subject)
"""All subjects, in the order of the plans' file."""

_FILE = "plans.yaml"
_GATE = re.compile(r"(?m)^( *)(gate: \{topic: (\w+)[,}].*)$")


class Fitted(NamedTuple):
    """A plan for a firm, and the items whose topic no adopted pack reads: they are reported without a threshold."""

    plan: MeasurementPlan
    ungated: dict[str, str]


@cache
def _text() -> str:
    return (resources.files("dualtrack.apps.service.evidence") / _FILE).read_text("utf-8")


@cache
def _plans() -> dict[str, dict[str, Any]]:
    return read_record(read_yaml(_text().encode(), where=_FILE), dict[str, dict[str, Any]], where=_FILE)


def shipped_plan(subject: str, use: str) -> MeasurementPlan:
    """Return the plan of a subject for a use; raises NotFoundError for a subject that there is not, FieldError for what is no use."""
    if subject not in SUBJECTS:
        raise NotFoundError(f"no plan of {subject!r:.40}", expected=", ".join(SUBJECTS))
    plain = {"format": "dualtrack.measurement-plan/1", "use": use, **_plans()[subject]}
    return read_plan(plain, where=f"{_FILE}, {subject}")


def fit_plan(plan: MeasurementPlan, topics: Collection[str]) -> Fitted:
    """Take the threshold from each item whose topic is not among those that the firm's packs read, and say which they are."""
    ungated = {
        item.id: item.gate.topic for item in plan.items if item.gate is not None and item.gate.topic not in topics
    }
    items = [replace(item, gate=None) if item.id in ungated else item for item in plan.items]
    return Fitted(replace(plan, items=items), ungated)


def plan_text(subject: str, use: str, topics: Collection[str]) -> str:
    """Return a subject's plan for a use as the YAML that a person reads and changes, with its comments; `fit_plan` gives the same plan."""
    shipped_plan(subject, use)
    block = re.split(rf"(?m)^{subject}:\n", _text())[1]
    lines = re.split(r"(?m)^(?=\S)", block)[0].splitlines()
    body = "\n".join(line.removeprefix("  ") for line in lines)
    fitted = _GATE.sub(
        lambda found: found[0] if found[3] in topics else f"{found[1]}# no adopted pack reads its topic: {found[2]}",
        body,
    )
    head = _text().partition("\nanswers:\n")[0]
    return f"{head}\nformat: dualtrack.measurement-plan/1\nuse: {use}\n{fitted}\n"

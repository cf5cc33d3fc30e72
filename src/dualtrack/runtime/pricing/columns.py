"""Decisions as columns, and the controls over them: every guard of the policy by its logged score, and human review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np
from dualtrack.evidence.pricing.states import Control
from dualtrack.runtime.guards.base import SCORE_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dualtrack.domain.policy import Action, GuardSetting, RuntimePolicy
    from dualtrack.evidence.pricing.values import Kind
    from dualtrack.runtime.pricing.reading import Logged
    from dualtrack.runtime.pricing.truth import Reviewed

__all__ = ["HUMAN_REVIEW", "KINDS", "Columns", "control_of_guard", "decision_columns", "guard_name"]

HUMAN_REVIEW = "human_review"
"""Name of the control that people are."""

KINDS: dict[Action, Kind] = {"allow": "watch", "redact": "redact", "route": "route", "block": "block"}
"""What a guard's action is as a control."""

_UNSCORED = -1


class Columns(NamedTuple):
    """A table of decisions with the controls over it. `unlogged` are guards of the policy that no decision has a score of."""

    table: dict[str, NDArray[Any]]
    controls: tuple[Control, ...]
    unlogged: tuple[str, ...]


def guard_name(guard: str, stage: str) -> str:
    """Return the name of a guard at a stage as a control."""
    return f"{guard}/{stage}"


def control_of_guard(setting: GuardSetting) -> Control:
    """Return a guard of a policy as a control by its score, compared with being off."""
    name = guard_name(setting.guard, setting.stage)
    return Control(
        name=name, kind=KINDS[setting.action], score=f"score {name}", at=float(setting.threshold), span=(0.0, SCORE_MAX)
    )


def decision_columns(
    decisions: Sequence[Logged],
    policy: RuntimePolicy,
    harmful: Mapping[str, bool],
    reviews: Mapping[str, Reviewed] | None,
    against: Mapping[str, float] | None = None,
) -> Columns:
    """Return the table of decisions, which have no content here, and the controls of their policy.

    `reviews` None leaves human review out. `against` names another threshold to compare a guard with, else it is off.
    """
    scores = _scores(decisions, policy)
    controls, table = [], _who(decisions, harmful)
    unlogged = []
    for setting in policy.guards:
        control = control_of_guard(setting)
        column = scores[control.name]
        if column.mask.all():
            unlogged.append(control.name)
            continue
        table[control.score or ""] = column
        controls.append(control)
    if reviews is not None and any(item.changed is not None for item in reviews.values()):
        states = [reviews.get(item.id) for item in decisions]
        table["reviewed"] = np.array([found is not None and found.changed is not None for found in states])
        table["changed"] = np.array([found is not None and found.changed is True for found in states])
        controls.append(Control(name=HUMAN_REVIEW, kind="review", fires="reviewed", changed="changed"))
    return Columns(table, _compared(controls, against or {}), tuple(unlogged))


def _compared(controls: list[Control], against: Mapping[str, float]) -> tuple[Control, ...]:
    named = {item.name: item for item in controls}
    for name, value in against.items():
        if name not in named or named[name].score is None:
            raise FieldError(f"no logged score of {name!r}", where="--against", expected=", ".join(sorted(named)))
        named[name] = replace(named[name], against=value)
    return tuple(named.values())


def _who(decisions: Sequence[Logged], harmful: Mapping[str, bool]) -> dict[str, NDArray[Any]]:
    truth = np.array([int(harmful[item.id]) if item.id in harmful else -1 for item in decisions], dtype=np.int8)
    places = {subject: place for place, subject in enumerate(dict.fromkeys(item.subject for item in decisions))}
    numbers = np.array([places[item.subject] for item in decisions], dtype=np.int64)
    nobody = np.array([item.subject is None for item in decisions], dtype=np.bool_)
    return {"harmful": truth, "subject": np.ma.array(numbers, mask=nobody)}


def _scores(decisions: Sequence[Logged], policy: RuntimePolicy) -> dict[str, Any]:
    """Return by control the scores of every decision, masked where the guard was never asked.

    A stream's parts may leave more than one verdict of a guard: the gravest stands.
    """
    names = [guard_name(item.guard, item.stage) for item in policy.guards]
    place: dict[tuple[str, str], int] = {(item.guard, item.stage): at for at, item in enumerate(policy.guards)}
    found = np.full((len(names), len(decisions)), _UNSCORED, dtype=np.int16)
    for row, decision in enumerate(decisions):
        for verdict in decision.guards:
            at = place.get((verdict.guard, verdict.stage))
            if at is not None and verdict.score > found[at, row]:
                found[at, row] = verdict.score
    return {name: np.ma.masked_less(found[at], 0) for at, name in enumerate(names)}

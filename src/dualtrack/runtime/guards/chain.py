"""Runs the guards of a stage on one decision: all of them, timed, and closed on failure.

Every guard runs also after one has fired, because each control is later priced by replaying scores. Fields of suspicion are
taken out of the row before the first guard. Whoever calls a model gives it the pieces and row of the result, no others.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from dualtrack.domain.decision import GuardVerdict
from dualtrack.domain.policy import Action
from dualtrack.runtime.guards.base import CLEAR, SCORE_MAX, Checked, Finding, GuardResult, Piece
from dualtrack.runtime.guards.sharing import begin_run, end_run
from dualtrack.runtime.guards.tipping_off import without_suspicion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.domain.policy import Stage
    from dualtrack.runtime.guards.base import Guard
    from dualtrack.runtime.guards.registry import CompiledGuard

__all__ = ["ChainResult", "run_guards"]

_ORDER: dict[Action, int] = {action: place for place, action in enumerate(get_args(Action))}


class ChainResult(NamedTuple):
    """Verdicts in the order they ran, the strictest action, what may go on, who fired, and what each found."""

    verdicts: list[GuardVerdict]
    action: Action
    pieces: tuple[Piece, ...]
    row: Mapping[str, Any] | None
    fired: tuple[str, ...]
    findings: tuple[tuple[str, Finding], ...] = ()


def run_guards(compiled: Sequence[CompiledGuard], stage: Stage, checked: Checked) -> ChainResult:
    """Run every guard of a stage. A guard that fails, or redacts nothing when it should, blocks (or routes, if so set)."""
    begin_run()
    try:
        return _run_all(compiled, stage, checked)
    finally:
        end_run()


def _run_all(compiled: Sequence[CompiledGuard], stage: Stage, checked: Checked) -> ChainResult:
    now = checked
    if checked.stage != stage or checked.row is not None:
        row = None if checked.row is None else without_suspicion(checked.policy, checked.row)
        now = checked._replace(stage=stage, row=row)
    verdicts: list[GuardVerdict] = []
    findings: list[tuple[str, Finding]] = []
    fired_names: list[str] = []
    strictest: Action = "allow"
    for setting, guard in compiled:
        if setting.stage != stage:
            continue
        start = time.perf_counter_ns()
        result, failed = _call(guard, now)
        cost_us = (time.perf_counter_ns() - start) // 1000
        fired = failed or result.score >= setting.threshold
        action: Action = "allow"
        if fired:
            fired_names.append(setting.guard)
            action = setting.action
            if action == "redact":
                if failed or (result.pieces is None and result.row is None):
                    action = "block"
                else:
                    now = _redacted(now, result)
            strictest = max(strictest, action, key=_ORDER.__getitem__)
        if result.findings:
            findings += [(setting.guard, finding) for finding in result.findings]
        verdicts.append(GuardVerdict(setting.guard, stage, result.score, fired, action, cost_us))
    return ChainResult(verdicts, strictest, now.pieces, now.row, tuple(fired_names), tuple(findings))


def _call(guard: Guard, checked: Checked) -> tuple[GuardResult, bool]:
    """Return a guard's result and whether it failed; a result out of its form is a failure too."""
    try:
        result = guard.check(checked)
        if result is CLEAR:
            return result, False
        why = _malformed(result, checked)
    except Exception as error:  # noqa: BLE001 -- a guard of any origin may raise anything; not knowing counts as fired
        why = f"the guard failed: {type(error).__name__}"
    if why:
        return GuardResult(SCORE_MAX, (Finding("guard-failed", 0, 0, 0, SCORE_MAX, why),)), True
    return result, False


def _malformed(result: object, checked: Checked) -> str:
    if not isinstance(result, GuardResult):
        return "the guard gave no result"
    if type(result.score) is not int or not 0 <= result.score <= SCORE_MAX:
        return "the guard gave a score out of range"
    if result.pieces is not None and len(result.pieces) != len(checked.pieces):
        return "the guard changed the number of pieces"
    return ""


def _redacted(checked: Checked, result: GuardResult) -> Checked:
    pieces = checked.pieces if result.pieces is None else result.pieces
    row = checked.row if result.row is None else without_suspicion(checked.policy, result.row)
    return checked._replace(pieces=pieces, row=row)

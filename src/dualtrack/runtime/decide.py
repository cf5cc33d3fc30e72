"""Governed decisions over one row of fields: guards, model, guards, record. The same steps for every face."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from dualtrack.errors import DualtrackError
from dualtrack.runtime.call import Answer, Review
from dualtrack.runtime.guards.base import Checked
from dualtrack.runtime.guards.chain import run_guards

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dualtrack.domain.decision import Outcome
    from dualtrack.runtime.call import Call, Language
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.guards.chain import ChainResult
    from dualtrack.runtime.journal import Prepared
    from dualtrack.runtime.live import LiveUse

__all__ = ["Ended", "Score", "Scoring", "check_row", "conclude_row", "decide", "fail_row", "stop_row"]

_encode = msgspec.json.Encoder(order="sorted").encode


class Scoring(NamedTuple):
    """What a model gave: an output (number, text, or plain data) and its reasons in words, strongest first."""

    output: object
    reasons: tuple[str, ...] = ()


Score = "Callable[[Mapping[str, Any]], Scoring]"


class Ended(NamedTuple):
    """A call with its record, to be recorded before the answer leaves."""

    record: Prepared
    answer: Answer


def decide(
    runtime: Runtime,
    use: str,
    row: Mapping[str, Any],
    score: Callable[[Mapping[str, Any]], Scoring],
    *,
    release: str | None = None,
    person: str | None = None,
    language: Language = "en",
    baseline: object = None,
) -> Answer:
    """Decide in this thread: returns the answer when its record allows it to leave.

    Raises RefusedError without a live permit, OverloadError or StoreError when it cannot be recorded; what `score`
    raises is recorded as a failure and raised again.
    """
    live = runtime.gate.enter(use, release)
    call = runtime.call(live, _encode(row), person=person, language=language)
    checked = check_row(runtime, call, row)
    if isinstance(checked, Ended):
        return _recorded(call, checked)
    begun_ns = time.perf_counter_ns()
    try:
        scoring = score(checked.row or {})
    except Exception as error:
        _recorded(call, fail_row(runtime, call, error))
        raise
    call.upstream_us = (time.perf_counter_ns() - begun_ns) // 1000
    return _recorded(call, conclude_row(runtime, call, checked.row or {}, scoring, baseline=baseline))


def _recorded(call: Call, ended: Ended) -> Answer:
    waiting = call.recorder.put(ended.record, durable=call.live.durable)
    if waiting is not None:
        waiting.result()
    return ended.answer


def check_row(runtime: Runtime, call: Call, row: Mapping[str, Any]) -> ChainResult | Ended:
    """Run the guards on the input; where they, an opt-out or the policy stop the call, it is ended here."""
    live = call.live
    opted_out = runtime.opted_out(call)
    checked = Checked("input", live.use, live.policy, call.language, row=row, opted_out=opted_out)
    begun_ns = time.perf_counter_ns()
    found = run_guards(live.guards, "input", checked)
    call.input_us = (time.perf_counter_ns() - begun_ns) // 1000
    call.verdicts += found.verdicts
    if live.mode == "observe":
        return found
    if opted_out or found.action == "route":
        return stop_row(runtime, call, "routed", "opted-out" if opted_out else f"guard.{_deciding(found)}")
    if found.action == "block":
        return stop_row(runtime, call, "blocked", f"guard.{_deciding(found)}")
    return found


def conclude_row(
    runtime: Runtime, call: Call, row: Mapping[str, Any], scoring: Scoring, *, baseline: object = None
) -> Ended:
    """Run the guards on the output and end the call as they, the review and a hold in between say."""
    live = call.live
    checked = Checked(
        "output", live.use, live.policy, call.language, row=row, answer=scoring.output, reasons=scoring.reasons
    )
    begun_ns = time.perf_counter_ns()
    found = run_guards(live.guards, "output", checked)
    call.output_us = (time.perf_counter_ns() - begun_ns) // 1000
    call.verdicts += found.verdicts
    output = _encode(scoring.output)
    if live.mode == "shadow":
        base = _encode(baseline) if baseline is not None else None
        return _ended(call, "shadowed", None, output, scoring.reasons, baseline=base)
    if not runtime.gate.still(live):
        return _ended(call, "stopped", "permit.held", output, scoring.reasons)
    if found.action == "block" and live.mode != "observe":
        return _ended(call, "blocked", f"guard.{_deciding(found)}", output, scoring.reasons)
    routed = found.action == "route" and live.mode != "observe"
    if routed or live.review == "hold":
        due = runtime.review("guard_routed" if routed else "hold_before_release", live)
        code = f"guard.{_deciding(found)}" if routed else "review.hold"
        return _ended(call, "routed", code, output, scoring.reasons, review=due)
    sampled = live.review == "sample" and runtime.sampled(live)
    review = runtime.review("sample", live) if sampled else None
    return _ended(call, "served", None, output, scoring.reasons, review=review, value=scoring.output)


def _deciding(found: ChainResult) -> str:
    return next((item.guard for item in found.verdicts if item.action == found.action), "unknown")


def stop_row(runtime: Runtime, call: Call, outcome: Outcome, code: str) -> Ended:
    """End a call before any model saw it; routed ones open a review for a person to take it up."""
    review = runtime.review("guard_routed", call.live) if outcome == "routed" else None
    return _ended(call, outcome, code, None, (), review=review)


def fail_row(runtime: Runtime, call: Call, error: BaseException) -> Ended:
    """End a call whose model failed: only the kind of error is logged, its text may hold what was asked."""
    del runtime
    code = error.code if isinstance(error, DualtrackError) else f"model.{type(error).__name__.lower()}"
    return _ended(call, "failed", code, None, ())


def _ended(
    call: Call,
    outcome: Outcome,
    code: str | None,
    output: bytes | None,
    reasons: tuple[str, ...],
    *,
    review: Review | None = None,
    baseline: bytes | None = None,
    value: object = None,
) -> Ended:
    live = call.live
    shown = live.policy.disclosure is not None and outcome == "served"
    record, receipt, review_id = call.end(
        outcome, code=code, output=output, reasons=reasons, review=review, shown=shown, baseline=baseline
    )
    served = outcome == "served"
    return Ended(
        record, _answer(live, call, outcome, value, reasons if served else (), receipt, review_id, code, shown=shown)
    )


def _answer(
    live: LiveUse,
    call: Call,
    outcome: Outcome,
    value: object,
    reasons: tuple[str, ...],
    receipt: str | None,
    review: str | None,
    code: str | None,
    *,
    shown: bool,
) -> Answer:
    return Answer(
        decision=call.id,
        outcome=outcome,
        output=value,
        reasons=reasons,
        receipt=receipt,
        durability="durable" if live.durable else "buffered",
        mode=live.mode,
        disclosure=live.policy.disclosure.text if live.policy.disclosure and shown else None,
        message=None if outcome in {"served", "shadowed"} else live.policy.message,
        human=live.policy.human,
        review=review,
        code=code,
    )

"""Governed decisions over one row of fields: guards, model, guards, record. The same steps for every face."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import structlog

from dualtrack.errors import DualtrackError, UpstreamError
from dualtrack.runtime.call import Answer, Review
from dualtrack.runtime.fallback import note_ruled
from dualtrack.runtime.guards.base import Checked
from dualtrack.runtime.guards.chain import run_guards
from dualtrack.runtime.guards.tipping_off import without_suspicion
from dualtrack.runtime.reasons import every_text, in_language
from dualtrack.runtime.registered import human_contact
from dualtrack.runtime.same_data import same_data

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dualtrack.domain.decision import Outcome
    from dualtrack.runtime.call import Call, Language
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.guards.chain import ChainResult
    from dualtrack.runtime.journal import Prepared
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.reasons import Reason

__all__ = ["Ended", "Score", "Scoring", "check_row", "conclude_row", "decide", "fail_row", "held", "stop_row"]

_encode = msgspec.json.Encoder(order="sorted").encode
_log = structlog.get_logger("dualtrack.runtime")


class Scoring(NamedTuple):
    """What a model gave: an output (number, text, or plain data) and its reasons in words, strongest first.

    A reason is a Text in both languages, or a str in one. The caller gets the language of the call; a receipt, its reader's.
    """

    output: object
    reasons: tuple[Reason, ...] = ()


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
    raises is recorded as a failure and raised again, unless rules answer in its place or (shadow) nobody waits for it.
    On hold `score` is not called: the policy's rules answer, where it has some.
    """
    live = runtime.gate.enter(use, release, standby=True)
    content = _encode(without_suspicion(live.policy, row))  # the wall stands before the record, too
    call = runtime.call(live, content, person=person, language=language)
    checked = check_row(runtime, call, row, baseline=baseline)
    if isinstance(checked, Ended):
        return _recorded(call, checked)
    seen = checked.row or {}
    if live.standby:
        return _recorded(call, fail_row(runtime, call, held(live), row=seen))
    begun_ns = time.perf_counter_ns()
    try:
        scoring = score(seen)
    except Exception as error:  # recorded whatever it is, and raised again unless something answers in its place
        answer = _recorded(call, fail_row(runtime, call, error, row=seen, baseline=baseline))
        if answer.outcome == "failed" and live.mode != "shadow":
            raise
        _log.warning("model failed", use=use, decision=call.id, fault=type(error).__name__)
        return answer
    call.upstream_us = (time.perf_counter_ns() - begun_ns) // 1000
    return _recorded(call, conclude_row(runtime, call, seen, scoring, baseline=baseline))


def held(live: LiveUse) -> UpstreamError:
    """Return why no model was asked on hold: it stands as the code in the record."""
    return UpstreamError("it is on hold", where=live.use, fix="ask who set the hold", code="permit.held")


def _recorded(call: Call, ended: Ended) -> Answer:
    waiting = call.recorder.put(ended.record, durable=call.live.durable)
    if waiting is not None:
        waiting.result()
    return ended.answer


def check_row(runtime: Runtime, call: Call, row: Mapping[str, Any], *, baseline: object = None) -> ChainResult | Ended:
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
    code = "opted-out" if opted_out else f"guard.{_deciding(found)}"
    if opted_out or found.action in {"route", "block"}:
        if live.mode == "shadow":  # whoever decides by the baseline decides anyway: there is nothing to pass on
            return _ended(call, "blocked", code, None, (), baseline=_bytes(baseline))
        return stop_row(runtime, call, "routed" if opted_out or found.action == "route" else "blocked", code)
    return found


def conclude_row(
    runtime: Runtime, call: Call, row: Mapping[str, Any], scoring: Scoring, *, baseline: object = None
) -> Ended:
    """Run the guards on the output and end the call as they, the review and a hold in between say."""
    live = call.live
    if live.mode == "shadow":
        _check_output(call, row, scoring)
        still = runtime.gate.still(live)
        outcome: Outcome = "shadowed" if still else "stopped"
        return _ended(
            call, outcome, None if still else "permit.held", _encode(scoring.output), scoring.reasons,
            baseline=_bytes(baseline),
        )  # fmt: skip
    return _judged(runtime, call, row, scoring, "served", None)


def _judged(
    runtime: Runtime, call: Call, row: Mapping[str, Any], scoring: Scoring, outcome: Outcome, code: str | None
) -> Ended:
    """End a call with this outcome, unless a hold, a guard or a review before release stands against it."""
    live = call.live
    found = _check_output(call, row, scoring)
    output = _encode(scoring.output)
    if not runtime.gate.still(live):
        return _ended(call, "stopped", "permit.held", output, scoring.reasons)
    if found.action == "block" and live.mode != "observe":
        return _ended(call, "blocked", f"guard.{_deciding(found)}", output, scoring.reasons)
    routed = found.action == "route" and live.mode != "observe"
    if routed or live.review == "hold":
        due = runtime.review("guard_routed" if routed else "hold_before_release", live)
        why = f"guard.{_deciding(found)}" if routed else "review.hold"
        return _ended(call, "routed", why, output, scoring.reasons, review=due)
    sampled = live.review == "sample" and runtime.sampled(live)
    review = runtime.review("sample", live) if sampled else None
    return _ended(call, outcome, code, output, scoring.reasons, review=review, value=scoring.output)


def _check_output(call: Call, row: Mapping[str, Any], scoring: Scoring) -> ChainResult:
    live = call.live
    checked = Checked(
        "output", live.use, live.policy, call.language, row=row, answer=scoring.output,
        reasons=every_text(scoring.reasons),
    )  # fmt: skip
    begun_ns = time.perf_counter_ns()
    found = run_guards(live.guards, "output", checked)
    call.output_us = (time.perf_counter_ns() - begun_ns) // 1000
    call.verdicts += found.verdicts
    return found


def _deciding(found: ChainResult) -> str:
    return next((item.guard for item in found.verdicts if item.action == found.action), "unknown")


def stop_row(runtime: Runtime, call: Call, outcome: Outcome, code: str) -> Ended:
    """End a call before any model saw it; routed ones open a review for a person to take it up."""
    review = runtime.review("guard_routed", call.live) if outcome == "routed" else None
    return _ended(call, outcome, code, None, (), review=review)


def fail_row(
    runtime: Runtime,
    call: Call,
    error: BaseException,
    *,
    row: Mapping[str, Any] | None = None,
    baseline: object = None,
) -> Ended:
    """End a call that no model answered: by the policy's rules over the row as the guards left it, else as failed.

    Only the kind of error is logged, its text may hold what was asked.
    """
    code = error.code if isinstance(error, DualtrackError) else f"model.{type(error).__name__.lower()}"
    ended: Outcome = "stopped" if code == "permit.held" else "failed"
    live = call.live
    if live.mode == "shadow":
        return _ended(call, ended, code, None, (), baseline=_bytes(baseline))
    if row is None or live.rules is None or not live.rules.decides_rows or not runtime.gate.still(live):
        return _ended(call, ended, code, None, ())
    begun_ns = time.perf_counter_ns()
    found = live.rules.decide(row)
    note_ruled(call, found.rule, begun_ns)
    if found.fixed.person:
        return _ended(call, "routed", code, None, (), review=runtime.review("no_model", live))
    scoring = Scoring(found.fixed.output, tuple(found.fixed.says))
    return _judged(runtime, call, row, scoring, "fallback", code)


def _bytes(baseline: object) -> bytes | None:
    return _encode(baseline) if baseline is not None else None


def _ended(
    call: Call,
    outcome: Outcome,
    code: str | None,
    output: bytes | None,
    reasons: tuple[Reason, ...],
    *,
    review: Review | None = None,
    baseline: bytes | None = None,
    value: object = None,
) -> Ended:
    live = call.live
    answered = outcome == "served" or (outcome == "fallback" and output is not None)
    shown = live.policy.disclosure is not None and answered
    record, receipt, review_id = call.end(
        outcome, code=code, output=output, reasons=reasons, review=review, shown=shown, baseline=baseline,
        same=same_data(output, baseline) if output is not None and baseline is not None else None,
    )  # fmt: skip
    said = in_language(reasons, call.language) if answered else ()
    return Ended(record, _answer(live, call, outcome, value, said, receipt, review_id, code, shown=shown))


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
        message=None if value is not None or outcome == "served" or live.mode == "shadow" else live.policy.message,
        human=human_contact(live.policy, call.verdicts),
        review=review,
        code=code,
    )

"""Compiles one use for the gate: its permit's standing, release, policy, duties, holds, signals and opt-outs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.assessment import Assessment
from dualtrack.domain.entry import Entry
from dualtrack.domain.oversight import Observe
from dualtrack.domain.policy import RuntimePolicy
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.release import Release
from dualtrack.domain.time import parse_instant
from dualtrack.domain.vocabulary import Mode
from dualtrack.keys import dsse
from dualtrack.permit.assess import conclude
from dualtrack.runtime.durability import is_high_risk, must_be_durable
from dualtrack.runtime.duties import Duties, duties_of, policy_gap
from dualtrack.runtime.fallback import read_rules
from dualtrack.runtime.guards.registry import build_guards
from dualtrack.runtime.live import Closed, LiveUse
from dualtrack.runtime.lookup import find_declaration
from dualtrack.runtime.oversight import Oversight
from dualtrack.runtime.standing import judge_signals
from dualtrack.store.projections import Projections
from dualtrack.store.verdicts import current_permit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.domain.decision import RunMode
    from dualtrack.domain.policy import ReviewMode
    from dualtrack.runtime.standing import SignalEffect
    from dualtrack.store.register import Register

__all__ = ["FAR_S", "compile_drill", "compile_use"]

FAR_S = float(1 << 53)
"""An end that does not come: a permit without expiry."""


class _Found(NamedTuple):
    """What runs: the release with its policy document."""

    digest: str
    release: Release
    policy: RuntimePolicy


def compile_use(register: Register, use: str, oversight: Oversight) -> LiveUse | Closed:
    """Return the use as the gate shall treat it now. Nothing that is unclear opens it."""
    status = current_permit(register, use)
    if status is None or status.status != "in_force":
        return _without_permit(register, use, status, oversight)
    found = _released(register, use, status.permit.release)
    if isinstance(found, Closed):
        return found
    held = _held(use, found, oversight)  # said first: what is on hold and lapsed as well is on hold
    effects = judge_signals(
        [s for s in oversight.signals.get(use, ()) if s.concerns(status.permit.release, status.permit.valid_from)],
        register.now(),
    )
    lapsed = [effect for effect in effects if effect.rule.effect == "lapse"]
    if lapsed:
        said = f"lapsed by signal: {lapsed[0].rule.says.en} ({lapsed[0].fired} of {lapsed[0].n})"
        return held.closed or _closed(
            use, "permit.signal", said, "look into it, then assess anew with new evidence", found.policy
        )
    assessment = _assessment(register, use, status.permit.assessment)
    if assessment is None:
        return held.closed or _closed(
            use, "permit.assessment", "the assessment of the permit is not in the ledger", _AGAIN, found.policy
        )
    duties = duties_of(assessment, {pack.id: pack for pack in register.adopted_packs()}, found.policy)
    gap = policy_gap(found.release.policy, found.policy, duties)
    if gap is not None:
        return held.closed or _closed(
            use, "permit.policy-gap", gap, "release a policy that configures it, and assess anew", found.policy
        )
    permit = status.permit
    mode: RunMode = "live" if permit.mode is Mode.LIVE else "trial" if permit.mode is Mode.TRIAL else "shadow"
    built = _Built(canonical.digest(encode(permit)), status.index, mode, permit.decisions_max, None)
    until_s = parse_instant(permit.expires).timestamp() if permit.expires else FAR_S
    times = (parse_instant(permit.valid_from).timestamp(), until_s)
    risky = is_high_risk(assessment.tier, find_declaration(register, use))
    durable = mode != "live" or must_be_durable(found.release.policy.durability, found.policy, high_risk=risky)
    return _open(use, found, built, times, duties, effects, oversight, durable=durable)


def compile_drill(register: Register, use: str) -> LiveUse | Closed:
    """Return the newest release of a use for a drill: everything as it would run, for answers that reach nobody.

    The duties are those of an assessment made now, so that a guard is drilled in the way it will be needed. What is on hold
    is not called for a drill either.
    """
    newest = register.latest_release(use)
    if newest is None:
        return _closed(use, "permit.no-release", "nothing was released for this use", "`dualtrack release` first", None)
    found = _released(register, use, newest)
    if isinstance(found, Closed):
        return found
    assessment = conclude(register.case(use, newest))
    duties = duties_of(assessment, {pack.id: pack for pack in register.adopted_packs()}, found.policy)
    built = _Built(None, None, "drill", None, None)
    holds = Oversight(Projections(register.repository).rows("hold", released_at=None), {}, {}, {})
    return _open(use, found, built, (0.0, FAR_S), duties, [], holds, durable=True)


class _Built(NamedTuple):
    permit: str | None
    entry: int | None
    mode: RunMode
    decisions_max: int | None
    would_refuse: str | None


def _without_permit(register: Register, use: str, status: object, oversight: Oversight) -> LiveUse | Closed:
    reason, code = "no permit was ever computed for this use", "permit.none"
    if status is not None:
        said = getattr(status, "reason", "")
        code = f"permit.{getattr(status, 'status', 'lapsed')}"
        reason = f"its permit has {'expired' if code.endswith('expired') else 'lapsed'}: {said}"
    row = oversight.observed.get(use)
    newest = register.latest_release(use)
    if newest is None:
        return _closed(use, "permit.no-release", "nothing was released for this use", "`dualtrack release` first", None)
    found = _released(register, use, newest)
    if not isinstance(found, Closed):
        held = _held(use, found, oversight)
        if held.closed is not None:
            return held.closed  # without a permit a hold leaves the fixed message and nothing else
    watched = row is not None and row["ended_at"] is None and row["until"] > register.now()
    if row is None or not watched or isinstance(found, Closed) or _observed(register, row["idx"]) != newest:
        policy = None if isinstance(found, Closed) else found.policy
        return _closed(use, code, reason, f"`dualtrack explain {use} --to-green` says what is missing", policy)
    built = _Built(None, None, "observe", None, f"{code}: {reason}")
    times = (0.0, parse_instant(row["until"]).timestamp())
    declared, tier = find_declaration(register, use), conclude(register.case(use, newest)).tier
    durable = must_be_durable("buffered", found.policy, high_risk=is_high_risk(tier, declared))
    return _open(use, found, built, times, Duties({}, ()), [], oversight, durable=durable)


def _observed(register: Register, index: int) -> str:
    """Return the release that an observe statement is signed for."""
    payload = dsse.parse(register.repository.entry(index).content).payload
    return read_record(canonical.decode(payload), Observe, where="observe").release


def _open(
    use: str,
    found: _Found,
    built: _Built,
    times: tuple[float, float],
    duties: Duties,
    effects: Sequence[SignalEffect],
    oversight: Oversight,
    *,
    durable: bool,
) -> LiveUse | Closed:
    held = _held(use, found, oversight)
    narrowed = tuple(effect.rule.says.en for effect in effects if effect.rule.effect == "narrow")
    review, why = _review(found.policy, built.mode, duties, narrowed)
    text = found.policy.disclosure
    live = LiveUse(
        use=use,
        institution=use.partition("/")[0],
        release=found.digest,
        released=found.release,
        permit=built.permit,
        permit_index=built.entry,
        policy=found.policy,
        policy_digest=str(found.release.policy.runtime),
        mode=built.mode,
        durable=durable,
        from_s=times[0],
        until_s=times[1],
        review=review,
        review_why=why,
        duties=duties,
        guards=build_guards(found.policy),
        upstreams=tuple(item for item in found.policy.upstreams if item.id not in held.stopped),
        decisions_max=built.decisions_max,
        opted_out=oversight.opt_outs.get(use, frozenset()),
        disclosure_digest=canonical.digest(encode(text.text)) if text else None,
        would_refuse=built.would_refuse,
        narrowed=narrowed,
        makers=tuple(sorted(found.release.builders)),
        rules=read_rules(found.policy, where="runtime policy") if built.mode != "observe" else None,
        holds=frozenset((str(row["scope"]), str(row["target"])) for row in oversight.holds),
    )
    if held.closed is None:
        return live
    return dataclasses.replace(held.closed, standby=None if held.final else _standby(live, held.closed.reason))


def _standby(live: LiveUse, why: str) -> LiveUse | None:
    """Return what may answer while a permitted use is on hold: the fallback that its policy names, if it is no AI.

    A shadow use answers nobody, and one without a permit has nothing that was assessed to answer with.
    """
    if live.permit is None or live.mode not in {"live", "trial"}:
        return None
    quoting = live.policy.fallback == "extractive"
    upstreams = tuple(item for item in live.upstreams if item.kind == "extractive" and quoting)
    if not upstreams and live.rules is None:
        return None
    return dataclasses.replace(live, upstreams=upstreams, standby=True, review_why=live.review_why or why)


def _review(policy: RuntimePolicy, mode: RunMode, duties: Duties, narrowed: Sequence[str]) -> tuple[ReviewMode, str]:
    if duties.why("review_hold"):
        return "hold", f"review before release is due: {duties.why('review_hold')}"
    if mode == "trial":
        return "hold", "a trial permit: every output is reviewed by a person"
    if narrowed:
        return "hold", f"narrowed by signal: {narrowed[0]}"
    return policy.review.mode, "the use's policy" if policy.review.mode != "none" else ""


class _Held(NamedTuple):
    """Upstreams on hold; the closed use where no model of it may run; whether nothing may answer but the message."""

    stopped: frozenset[str]
    closed: Closed | None
    final: bool


def _held(use: str, found: _Found, oversight: Oversight) -> _Held:
    """Return what holds leave of a use. One on the institution or the release stops its fallback too."""
    institution = use.partition("/")[0]
    upstreams = found.policy.upstreams
    whole = {("institution", institution), ("use", use), ("release", found.digest)}
    parts = {part.id for part in found.release.components}
    stopped: set[str] = set()
    since: list[str] = []
    final = False
    for row in oversight.holds:
        scope, target = row["scope"], row["target"]
        chain = {item.id for item in upstreams if target == (item.id if scope == "component" else item.provider)}
        if scope in {"component", "provider"}:
            stopped |= chain
        named = any(target in {item.id, item.provider} for item in upstreams)
        if (scope, target) in whole or (scope == "component" and target in parts and not named):
            since.append(str(row["set_at"]))
            final = final or scope in {"institution", "release"}
    if not since and len(stopped) < len(upstreams):
        return _Held(frozenset(stopped), None, final)
    said = f"on hold since {min(since)}" if since else "every model of it is on hold"
    closed = _closed(use, "permit.held", said, "ask who set the hold", found.policy)
    return _Held(frozenset(stopped), closed, final)


def _released(register: Register, use: str, digest: str) -> _Found | Closed:
    for entry in register.repository.every(kinds=("release/1",), ids=(use,)):
        payload = dsse.parse(entry.content).payload if isinstance(entry, Entry) else b""
        if payload and canonical.digest(payload) == digest:
            release = read_record(canonical.decode(payload), Release, where="release")
            return _with_policy(register, use, digest, release)
    return _closed(use, "permit.no-release", f"its release {digest[:16]} is not in the ledger", _AGAIN, None)


def _with_policy(register: Register, use: str, digest: str, release: Release) -> _Found | Closed:
    wanted = release.policy.runtime
    if wanted is None:
        fix = "release it with `--policy FILE` and assess anew"
        return _closed(use, "permit.no-policy", "the release pins no runtime policy", fix, None)
    for entry in register.repository.every(kinds=("runtime-policy/1",), ids=(use,)):
        if isinstance(entry, Entry) and canonical.digest(entry.content) == wanted:
            policy = read_record(canonical.decode(entry.content), RuntimePolicy, where="runtime policy")
            return _Found(digest, release, policy)
    return _closed(use, "permit.no-policy", f"the runtime policy {wanted[:16]} is not in the ledger", _AGAIN, None)


def _assessment(register: Register, use: str, digest: str) -> Assessment | None:
    for entry in reversed(list(register.repository.every(kinds=("assessment/1",), ids=(use,)))):
        if isinstance(entry, Entry) and canonical.digest(entry.content) == digest:
            return read_record(canonical.decode(entry.content), Assessment, where="assessment")
    return None


def _closed(use: str, code: str, reason: str, fix: str, policy: RuntimePolicy | None) -> Closed:
    return Closed(
        use=use,
        code=code,
        reason=reason,
        fix=fix,
        message=policy.message if policy else None,
        human=policy.human if policy else None,
    )


_AGAIN = "restore the ledger from its backup, or release and assess anew"

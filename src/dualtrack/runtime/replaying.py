"""Runs a decision again: the same input through the pinned model or rules, the output compared byte for byte. Never served.

Only a model that runs in this process under a digest, and the fixed rules of a policy, give the same answer twice; of others
it is said why not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import msgspec

from dualtrack.domain.oversight import Access
from dualtrack.domain.records import Text, encode
from dualtrack.errors import DualtrackError, NotFoundError
from dualtrack.runtime.duties import Duties
from dualtrack.runtime.fallback_replay import answered_by_rules, ruled_again
from dualtrack.runtime.guards.base import Checked
from dualtrack.runtime.guards.chain import run_guards
from dualtrack.runtime.guards.registry import build_guards
from dualtrack.runtime.holders import check_reason
from dualtrack.runtime.live import LiveUse
from dualtrack.runtime.lookup import contents_of, find_decision, find_policy, find_release

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.decision import Decision
    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.release import Release
    from dualtrack.runtime.models import Model
    from dualtrack.store.register import Register

__all__ = ["WHY", "Models", "Replayed", "Replayer", "replay"]

_encode = msgspec.json.Encoder(order="sorted").encode

WHY = {
    "upstream": Text(en="a model outside this process answered: it gives no same answer twice", zh="答覆由外部模型產生，重做未必得出相同結果"),
    "erased": Text(en="its content was erased", zh="有關內容已被刪除"),
    "artifact": Text(en="the released model is not here any more", zh="已發布的模型檔案已不在此處"),
    "no-output": Text(en="no output was computed", zh="當時並無計算輸出"),
    "not-a-row": Text(en="it was no row of fields", zh="輸入並非欄位資料"),
}  # fmt: skip
"""Why a decision cannot be run again."""


class Models(Protocol):
    """Where models come from: `runtime.models.Models`."""

    def of(self, live: LiveUse, /) -> Model:
        """Return the model of a use; raises RefusedError."""
        ...


class Replayer(Protocol):
    """What a replay needs of an open runtime."""

    @property
    def registers(self) -> Mapping[str, Register]:
        """Return the registers by institution."""
        ...

    @property
    def models(self) -> Models:
        """Return the models."""
        ...


class Replayed(NamedTuple):
    """The same bytes, others, or why it cannot be said (a code of WHY, with its words)."""

    decision: str
    result: Literal["same", "differs", "not-replayable"]
    code: str | None
    why: Text | None


def replay(runtime: Replayer, institution: str, decision: str, *, by: str, reason: str) -> Replayed:
    """Run a decision again for an auditor; raises NotFoundError. What it looked at is in the ledger before it looks."""
    check_reason(reason)
    register = runtime.registers.get(institution)
    if register is None:
        raise NotFoundError(f"no institution {institution!r} here", fix="name one of this workspace")
    record = find_decision(register, decision)
    if record.output is None:
        return _not(record, "no-output")
    policy = find_policy(register, record.use, record.policy)
    if not answered_by_rules(record) and not _is_in_process(record, policy):
        return _not(record, "upstream")
    at = register.now()
    looks = [
        Access(by=by, digest=digest, about=record.use, reason=reason, at=at) for digest in (record.input, record.output)
    ]
    register.append_plain([("access/1", record.use, encode(look)) for look in looks])
    try:
        asked, before = (contents_of(register).open(digest) for digest in (record.input, record.output))
    except NotFoundError:
        return _not(record, "erased")
    if answered_by_rules(record):
        return _compared(record, ruled_again(record, policy, asked), before)
    return _scored_again(runtime, register, record, policy, asked, before)


def _scored_again(
    runtime: Replayer, register: Register, record: Decision, policy: RuntimePolicy, asked: bytes, before: bytes
) -> Replayed:
    try:
        row = msgspec.json.decode(asked, type=dict[str, object])
    except msgspec.MsgspecError:
        return _not(record, "not-a-row")
    try:
        model = runtime.models.of(_pinned(record, policy, find_release(register, record.use, record.release)))
    except DualtrackError:
        return _not(record, "artifact")
    return _compared(record, _encode(model.score(_as_checked(record, policy, row)).output), before)


def _compared(record: Decision, now: bytes | None, before: bytes) -> Replayed:
    return Replayed(record.id, "same" if now == before else "differs", None, None)


def _as_checked(record: Decision, policy: RuntimePolicy, row: Mapping[str, object]) -> Mapping[str, object]:
    """Return the row as the guards on the input hand it to the model: they may take a field out of it."""
    checked = Checked("input", record.use, policy, record.language or "en", row=row)
    return run_guards(build_guards(policy), "input", checked).row or {}


def _is_in_process(record: Decision, policy: RuntimePolicy) -> bool:
    """Tell whether the in-process model answered: nothing outside did, and there is one."""
    asked = any(not call.fault for call in record.upstream)
    return not asked and record.outcome != "fallback" and any(item.kind == "python" for item in policy.upstreams)


def _not(record: Decision, code: str) -> Replayed:
    return Replayed(record.id, "not-replayable", code, WHY[code])


def _pinned(record: Decision, policy: RuntimePolicy, released: Release) -> LiveUse:
    """Return the use as it was pinned, shut: `until_s` 0 lets no gate take it for an open one."""
    return LiveUse(
        use=record.use,
        institution=record.use.partition("/")[0],
        release=record.release,
        released=released,
        permit=None,
        permit_index=None,
        policy=policy,
        policy_digest=record.policy or "",
        mode="shadow",
        durable=True,
        from_s=0.0,
        until_s=0.0,
        review="hold",
        review_why="",
        duties=Duties({}, ()),
        guards=(),
        upstreams=tuple(policy.upstreams),
        decisions_max=0,
        opted_out=frozenset(),
        disclosure_digest=None,
        would_refuse=None,
        narrowed=(),
        makers=tuple(released.builders),
    )

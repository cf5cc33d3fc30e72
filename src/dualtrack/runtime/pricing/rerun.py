"""Runs a guard that no decision has a score of over contents that are still in the vault: a control before it is switched on.

The sample is drawn by seed from the decisions that are compared. Who looks at contents, and why, is in the ledger before the
first one is opened. Contents that were erased cannot be asked again: how many is part of the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from dualtrack.domain.oversight import Access
from dualtrack.domain.records import encode
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import generator
from dualtrack.runtime.guards.base import Checked, Piece
from dualtrack.runtime.guards.chain import run_guards
from dualtrack.runtime.guards.registry import build_guards
from dualtrack.runtime.holders import check_reason
from dualtrack.runtime.lookup import contents_of, find_decision
from dualtrack.runtime.review_calls import as_checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.domain.decision import Decision
    from dualtrack.domain.policy import GuardSetting, RuntimePolicy, Stage
    from dualtrack.runtime.guards.registry import CompiledGuard
    from dualtrack.store.content import ContentVault
    from dualtrack.store.register import Register

__all__ = ["SAMPLE_MAX", "Asker", "Rerun", "rerun_guard"]

SAMPLE_MAX = 10_000
"""Decisions of one sample: every content opened is an entry of the ledger."""


class Asker(NamedTuple):
    """Who looks at contents, and why."""

    by: str
    reason: str


class Rerun(NamedTuple):
    """Scores of the sampled decisions by place among those given, masked where there is none, and why there is none.

    `erased` contents are gone; `unreadable` ones have no form that this guard reads; `without_output` gave no answer to check.
    """

    places: NDArray[np.int64]
    scores: NDArray[Any]
    erased: int
    unreadable: int
    without_output: int
    seed: int


def rerun_guard(
    register: Register,
    policy: RuntimePolicy,
    setting: GuardSetting,
    decisions: Sequence[str],
    asker: Asker,
    *,
    sample: int,
    seed: int = 1,
) -> Rerun:
    """Run one guard over a sample of decisions; raises FieldError for a guard that cannot be made or a sample out of bounds."""
    check_reason(asker.reason)
    if not 0 < sample <= SAMPLE_MAX or not decisions:
        raise FieldError(f"a sample of {sample} from {len(decisions)}", where="sample", expected=f"1 to {SAMPLE_MAX}")
    alone = msgspec.structs.replace(policy, guards=[setting], fields=[] if setting.stage == "output" else policy.fields)
    guards = build_guards(alone)
    chosen = np.sort(generator(seed).permutation(len(decisions))[:sample])
    records = [find_decision(register, decisions[place]) for place in chosen.tolist()]
    _say_who_looks(register, records, setting, asker)
    contents = contents_of(register)
    scores, reasons = [], {"erased": 0, "unreadable": 0, "without output": 0}
    for record in records:
        found = _score(guards, setting, alone, contents, record)
        scores.append(found if isinstance(found, int) else -1)
        if isinstance(found, str):
            reasons[found] += 1
    return Rerun(
        chosen.astype(np.int64), np.ma.masked_less(np.array(scores, dtype=np.int16), 0),
        reasons["erased"], reasons["unreadable"], reasons["without output"], seed,
    )  # fmt: skip


def _say_who_looks(register: Register, records: Sequence[Decision], setting: GuardSetting, asker: Asker) -> None:
    at = register.now()
    digests = [
        (record.use, digest)
        for record in records
        for digest in (record.input, record.output if setting.stage == "output" else None)
        if digest is not None
    ]
    looks = [Access(by=asker.by, digest=digest, about=use, reason=asker.reason, at=at) for use, digest in digests]
    register.append_plain([("access/1", look.about, encode(look)) for look in looks])


def _score(
    guards: tuple[CompiledGuard, ...],
    setting: GuardSetting,
    policy: RuntimePolicy,
    contents: ContentVault,
    record: Decision,
) -> int | str:
    """Return the score, or why there is none."""
    if setting.stage == "output" and record.output is None:
        return "without output"
    try:
        asked = contents.open(record.input)
        answer = contents.open(record.output) if setting.stage == "output" and record.output else None
    except NotFoundError:
        return "erased"
    checked = _as_checked(policy, contents, record, asked, answer)
    if checked is None:
        return "unreadable"
    return run_guards(guards, setting.stage, checked).verdicts[0].score


def _as_checked(
    policy: RuntimePolicy, contents: ContentVault, record: Decision, asked: bytes, answer: bytes | None
) -> Checked | None:
    try:
        plain = msgspec.json.decode(asked)
        output = None if answer is None else msgspec.json.decode(answer)
    except msgspec.DecodeError:
        return None
    language = record.language or "en"
    if isinstance(plain, dict):
        stage: Stage = "input" if answer is None else "output"
        return Checked(stage, record.use, policy, language, row=plain, answer=output)
    if not isinstance(plain, list) or not all(
        isinstance(item, dict) and {"role", "text"} <= item.keys() for item in plain
    ):
        return None
    if answer is not None:
        return as_checked(contents, policy, record, output)[0]
    pieces = tuple(Piece(item["role"], item["text"]) for item in plain)
    turn = sum(piece.role == "user" for piece in pieces)
    return Checked("input", record.use, policy, language, pieces=pieces, turn=turn)

"""One governed call, from the gate to its record: collects what is known and makes the entries of it."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec
from msgspec import UNSET

from dualtrack.domain.decision import (
    DECISION_FORMAT,
    INTENT_FORMAT,
    Decision,
    GuardVerdict,
    Intent,
    Shadow,
    Timing,
    UpstreamCall,
    encode_decision,
)
from dualtrack.domain.records import Text, encode
from dualtrack.domain.review import REVIEW_FORMAT, ReviewOpened
from dualtrack.domain.time import format_instant
from dualtrack.errors import DualtrackError
from dualtrack.runtime.ids import new_id, receipt_code, receipt_digest
from dualtrack.runtime.journal import DecisionRow, Prepared
from dualtrack.store.entries import NewEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from dualtrack.domain.decision import Outcome
    from dualtrack.domain.review import Why
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.reasons import Reason
    from dualtrack.runtime.recorder import Recorder
    from dualtrack.store.content import SealedContent

__all__ = ["Answer", "Call", "Language", "Review"]

Language = Literal["en", "zh-Hant"]

_encode = msgspec.json.Encoder().encode


class Answer(NamedTuple):
    """What a caller gets. `output` is None where nothing may be shown; then `message` says what the person is told.

    `receipt` is the code itself: it is nowhere kept. `served_mode` and `durability` are printed in the receipt.
    """

    decision: str
    outcome: Outcome
    output: object
    reasons: tuple[str, ...]
    receipt: str | None
    durability: str
    mode: str
    disclosure: Text | None
    message: Text | None
    human: Text
    review: str | None
    code: str | None


class Review(NamedTuple):
    """A review to open with the decision: why, and until when a person should have looked."""

    why: Why
    due_at: str


class Call:
    """A call under way. `input_bytes` are what was asked, exactly; they go sealed into the vault.

    `planted` says that nobody asked: the item is known to be wrong, and only the review's seal tells. `so_far` gives what
    of a stream is out, for the record of one that breaks off; `output` is the digest of what was recorded as output.
    """

    def __init__(
        self,
        live: LiveUse,
        recorder: Recorder,
        now: datetime,
        *,
        subject: str | None,
        language: Language,
        content: bytes,
    ) -> None:
        self.live = live
        self.recorder = recorder
        self.language: Language = language
        self.id = new_id(now.timestamp())
        self.at = format_instant(now)
        self._seq = 0
        self.verdicts: list[GuardVerdict] = []
        self.upstream: list[UpstreamCall] = []
        self.also: list[NewEntry] = []
        self.input_us = self.upstream_us = self.output_us = 0
        self._begun_ns = time.perf_counter_ns()
        self._subject = subject
        self._owner = subject or live.use
        self._input = recorder.contents.seal(self._owner, content, live.policy.retention)
        self._intended = False
        self.planted = False
        self.output: str | None = None
        self.so_far: Callable[[], bytes | None] | None = None

    @property
    def seq(self) -> int:
        """Return the number of this decision in its run, taken with its first record: a call without one leaves no gap."""
        if not self._seq:
            self._seq = self.recorder.next_seq()
        return self._seq

    @property
    def intended(self) -> bool:
        """Tell whether the intent of this call was made into a record already."""
        return self._intended

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End a call that broke off after its intent was taken in: it is recorded as failed, for what began must end."""
        if kind is not None and self.recorder.is_open(self.id):
            output = self.so_far() if self.so_far is not None else None
            record, _, _ = self.end("failed", code="interrupted", output=output)
            with contextlib.suppress(DualtrackError):  # it waits to be written; who asked hears of the first error
                self.recorder.put(record, durable=False)

    def record_subject(self) -> str | None:
        """Return the pseudonym of the person, or None for a call about nobody."""
        return self._subject

    def note_output(self, verdicts: Sequence[GuardVerdict]) -> None:
        """Note what the guards said of an answer. Of a stream's later parts each guard's gravest verdict is kept.

        A record must not grow with a stream; the costs are added up.
        """
        guards = {item.guard for item in verdicts}
        before = [item for item in self.verdicts if item.stage == "output" and item.guard in guards]
        if 0 < len(before) <= len(verdicts):  # more, where the last part asks for tools
            self.verdicts = [item for item in self.verdicts if item.stage != "output" or item.guard not in guards]
            verdicts = [*map(_graver, before, verdicts), *verdicts[len(before) :]]
        self.verdicts += verdicts

    def intent(self) -> Prepared:
        """Return the record that must be durable before any byte of an answer leaves."""
        live, self._intended = self.live, True
        record = Intent(
            format=INTENT_FORMAT,
            id=self.id,
            use=live.use,
            release=live.release,
            permit=live.permit,
            policy=live.policy_digest,
            mode=live.mode,
            at=self.at,
            input=self._input.digest,
            run=self.recorder.run,
            seq=self.seq,
        )
        entry = NewEntry("decision-intent/1", live.institution, live.use, encode_decision(record))
        return Prepared(entry, self._row("begun", None, None, None), (self._input,))

    def end(
        self,
        outcome: Outcome,
        *,
        code: str | None,
        output: bytes | None,
        reasons: tuple[Reason, ...] = (),
        review: Review | None = None,
        shown: bool = False,
        baseline: bytes | None = None,
        same: bool | None = None,
    ) -> tuple[Prepared, str | None, str | None]:
        """Return the record of the ended call, the customer's code, and the id of the review opened with it.

        `shown` tells that the disclosure stood before the output; `same`, that it equals the baseline's. There is a
        receipt wherever a person is answered.
        """
        live, seal = self.live, self.recorder.contents.seal
        retention = live.policy.retention
        sealed: list[SealedContent] = [] if self._intended else [self._input]
        out = self.output = self._seal(output, sealed)
        why = seal(self._owner, _encode(reasons), retention) if reasons else None
        sealed += [why] if why else []
        base = self._seal(baseline, sealed)
        receipted = live.policy.audience != "system" and live.mode != "shadow"
        shown_code = receipt_code() if receipted else None
        digest = receipt_digest(shown_code) if shown_code else None
        review_id = new_id() if review else None
        total_us = (time.perf_counter_ns() - self._begun_ns) // 1000
        record = Decision(
            format=DECISION_FORMAT,
            id=self.id,
            use=live.use,
            release=live.release,
            permit=live.permit,
            policy=live.policy_digest,
            mode=live.mode,
            durability="durable" if live.durable else "buffered",
            at=self.at,
            outcome=outcome,
            code=code or (live.would_refuse.partition(":")[0] if live.would_refuse else None),
            input=self._input.digest,
            output=out,
            reasons=why.digest if why else None,
            guards=self.verdicts,
            disclosure=live.disclosure_digest if shown else None,
            language=self.language,
            receipt=digest,
            review=None if live.mode == "drill" else review_id,
            reviewer=None,
            subject=self._subject,
            upstream=self.upstream,
            timing=Timing(
                total_us=total_us, input_us=self.input_us, upstream_us=self.upstream_us, output_us=self.output_us
            ),
            run=self.recorder.run,
            seq=self.seq,
            shadow=Shadow(baseline=base, same=UNSET if same is None else same) if base else None,
            recovered=False,
        )
        entry = NewEntry("decision/1", live.institution, live.use, encode_decision(record))
        also = tuple(self.also)
        if review and review_id and live.mode != "drill":  # who drills takes the draft up; it is nobody's work
            also = (*also, self._opened(review_id, review, out or self._input.digest))
        row = self._row(outcome, digest, None if live.mode == "drill" else review_id, out)
        return Prepared(entry, row, tuple(sealed), (), also, self._intended), shown_code, review_id

    def _seal(self, content: bytes | None, into: list[SealedContent]) -> str | None:
        if content is None:
            return None
        found = self.recorder.contents.seal(self._owner, content, self.live.policy.retention)
        into.append(found)
        return found.digest

    def _opened(self, review_id: str, review: Review, draft: str) -> NewEntry:
        live = self.live
        record = ReviewOpened(
            format=REVIEW_FORMAT,
            id=review_id,
            decision=self.id,
            use=live.use,
            release=live.release,
            permit=live.permit,
            why=review.why,
            opened_at=self.at,
            due_at=review.due_at,
            four_eyes=live.policy.review.four_eyes,
            makers=list(live.makers),
            draft=draft,
            seed=self.recorder.seals.seed(review_id, seeded=self.planted),
        )
        return NewEntry("review/1", live.institution, live.use, encode(record))

    def _row(self, outcome: str, receipt: str | None, review: str | None, output: str | None) -> DecisionRow:
        live = self.live
        return DecisionRow(
            self.id, live.use, live.release, live.permit, live.mode, outcome, self.at, time.time_ns() // 1000, receipt,
            self._subject, review, self._input.digest, output, self.recorder.run, self.seq,
        )  # fmt: skip


def _graver(one: GuardVerdict, other: GuardVerdict) -> GuardVerdict:
    """Return the graver of two verdicts of one guard, with the costs of both."""
    grave = max(one, other, key=lambda item: (item.fired, item.score))
    return msgspec.structs.replace(grave, cost_us=one.cost_us + other.cost_us)

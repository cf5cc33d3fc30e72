"""One governed call, from the gate to its record: collects what is known and makes the entries of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

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
from dualtrack.domain.review import REVIEW_FORMAT, ReviewOpened, seed_digest
from dualtrack.domain.time import format_instant
from dualtrack.keys.chance import random_bytes
from dualtrack.runtime.ids import new_id, receipt_code, receipt_digest
from dualtrack.runtime.journal import DecisionRow, Prepared
from dualtrack.store.entries import NewEntry

if TYPE_CHECKING:
    from datetime import datetime

    from dualtrack.domain.decision import Outcome
    from dualtrack.domain.review import Why
    from dualtrack.runtime.live import LiveUse
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
    """A call under way. `input_bytes` are what was asked, exactly; they go sealed into the vault."""

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
        self.seq = recorder.next_seq()
        self.verdicts: list[GuardVerdict] = []
        self.upstream: list[UpstreamCall] = []
        self.also: list[NewEntry] = []
        self.input_us = self.upstream_us = self.output_us = 0
        self._begun_ns = time.perf_counter_ns()
        self._subject = subject
        self._owner = subject or live.use
        self._input = recorder.contents.seal(self._owner, content, live.policy.retention)
        self._intended = False

    @property
    def intended(self) -> bool:
        """Tell whether the intent of this call was made into a record already."""
        return self._intended

    def record_subject(self) -> str | None:
        """Return the pseudonym of the person, or None for a call about nobody."""
        return self._subject

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
        reasons: tuple[str, ...] = (),
        review: Review | None = None,
        shown: bool = False,
        baseline: bytes | None = None,
    ) -> tuple[Prepared, str | None, str | None]:
        """Return the record of the ended call, the customer's code, and the id of the review opened with it.

        `shown` tells that the disclosure stood before the output. There is a receipt wherever a person is answered.
        """
        live, seal = self.live, self.recorder.contents.seal
        retention = live.policy.retention
        sealed: list[SealedContent] = [] if self._intended else [self._input]
        out = self._seal(output, sealed)
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
            shadow=Shadow(baseline=base) if base else None,
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
            seed=seed_digest(review_id, _unseeded_salt(), seeded=False),
        )
        return NewEntry("review/1", live.institution, live.use, encode(record))

    def _row(self, outcome: str, receipt: str | None, review: str | None, output: str | None) -> DecisionRow:
        live = self.live
        return DecisionRow(
            self.id, live.use, live.release, live.permit, live.mode, outcome, self.at, time.time_ns() // 1000, receipt,
            self._subject, review, self._input.digest, output, self.recorder.run, self.seq,
        )  # fmt: skip


def _unseeded_salt() -> bytes:
    """Return a salt that nobody keeps: that an item is not seeded needs no proof, only that it cannot be told from one that is."""
    return random_bytes(32)

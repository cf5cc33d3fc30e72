"""Decisions in the ledger with the guard scores, reviews and releases that a test of prices needs."""

from __future__ import annotations

import time
from datetime import timedelta

from dualtrack.domain.decision import DECISION_FORMAT, Decision, GuardVerdict, Timing, encode_decision
from dualtrack.domain.records import encode
from dualtrack.domain.review import ACTION_FORMAT, REVIEW_FORMAT, ReviewAction, ReviewOpened
from dualtrack.domain.time import format_instant
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.review_seals import seals_of
from dualtrack.store.entries import NewEntry
from permit.firm import FIRM, USE


def log_decisions(desk, wanted, *, mode="live", release=None, people=("rita", "rob")):
    """Log a decision for each item of `wanted` as the desk's use makes them; return their ids.

    An item holds scores by guard and stage; `review` says why people looked, `end` what they did (approve, modify, reject or
    nothing), `person` who it was about, `asked` and `output` its contents.
    """
    made = [
        _made(desk, item, mode, release or desk.release_digest, people[n % len(people)])
        for n, item in enumerate(wanted)
    ]
    sealed = [content for _, _, contents in made for content in contents]
    keys = desk.contents.new_keys(sealed)

    def beside(connection, receipts) -> None:
        places = iter(receipts)
        for record, entries, _ in made:
            index = next(places).index
            for _ in entries[1:]:
                next(places)
            row = (
                desk.register.repository.ledger, record.id, index, USE, record.release, record.permit, record.mode,
                record.outcome, record.at, time.time_ns() // 1000, record.receipt, record.subject, record.review,
                record.input, record.output, desk.run, record.seq,
            )  # fmt: skip
            desk.store.backend.insert(connection, desk.store.tables.decision, [row])
        desk.contents.write(connection, sealed, keys, format_instant(desk.time))

    desk.register.append_with([entry for _, entries, _ in made for entry in entries], beside)
    desk.contents.written(keys)
    return [record.id for record, _, _ in made]


def _made(desk, item, mode, release, reviewer):
    desk.seq += 1
    at = format_instant(desk.time)
    person = item.get("person")
    subject = desk.subjects.pseudonym(FIRM, person) if person else None
    sealed = [desk.contents.seal(subject or USE, item.get("asked", "{}").encode(), "none")]
    if item.get("output") is not None:
        sealed.append(desk.contents.seal(subject or USE, item["output"].encode(), "none"))
    scores = {name: value for name, value in item.items() if "/" in name}
    guards = [
        GuardVerdict(guard=name.partition("/")[0], stage=name.partition("/")[2], score=score, fired=score >= 500,
                     action="block" if score >= 500 else "allow", cost_us=3)
        for name, score in scores.items()
    ]  # fmt: skip
    review = new_id() if item.get("review") else None
    record = Decision(
        format=DECISION_FORMAT, id=new_id(desk.time.timestamp()), use=USE, release=release, permit="d" * 64,
        policy=desk.policy_digest, mode=mode, durability="durable", at=at, outcome="served", code=None,
        input=sealed[0].digest, output=sealed[1].digest if len(sealed) > 1 else None, reasons=None, guards=guards,
        disclosure=None, language="en", receipt=None, review=review, reviewer=None, subject=subject, upstream=[],
        timing=Timing(total_us=9, input_us=0, upstream_us=9, output_us=0), run=desk.run, seq=desk.seq, shadow=None,
        recovered=False,
    )  # fmt: skip
    entries = [NewEntry("decision/1", FIRM, USE, encode_decision(record))]
    if review:
        entries += _review(desk, record, review, item, reviewer)
    desk.forward(seconds=1)
    return record, entries, sealed


def _review(desk, record, review, item, reviewer):
    draft = record.output or record.input
    opened = ReviewOpened(
        format=REVIEW_FORMAT, id=review, decision=record.id, use=USE, release=record.release, permit=record.permit,
        why=item["review"], opened_at=record.at, due_at=format_instant(desk.time + timedelta(hours=4)), four_eyes=False,
        makers=["developer"], draft=draft, seed=seals_of(desk.register).seed(review, seeded=False),
    )  # fmt: skip
    entries = [NewEntry("review/1", FIRM, USE, encode(opened))]
    end = item.get("end")
    for action in ("claim", end) if end else ():
        decides = action != "claim"
        output = {"approve": draft, "modify": "f" * 64}.get(action)
        entries.append(
            NewEntry("review-action/1", FIRM, USE, encode(ReviewAction(
                format=ACTION_FORMAT, review=review, action=action, by=reviewer, role="reviewer", at=record.at,
                reason="read against the source" if decides else None, output=output, seconds=0 if decides else None,
                edit_distance=item.get("edit", 7) if action == "modify" else None,
            )))
        )  # fmt: skip
    return entries

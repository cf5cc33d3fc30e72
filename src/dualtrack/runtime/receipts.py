"""What a customer finds under a receipt code: what was decided, by what, why, how to reach a person, and the proof.

The code is all that is needed and says nothing by itself; who has it may see this. Each look-up goes through one index.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec
from sqlalchemy import select

from dualtrack.domain.decision import DecisionId, Outcome, RunMode
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.forms import Durability, UseName
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.domain.time import HONG_KONG, parse_instant
from dualtrack.errors import NotFoundError, StoreCorruptError
from dualtrack.runtime.answer_fetches import first_fetch, note_fetch
from dualtrack.runtime.fallback_replay import answered_by_rules
from dualtrack.runtime.ids import receipt_digest, shown_code
from dualtrack.runtime.incidents import open_incident
from dualtrack.runtime.lookup import (
    find_declaration,
    find_policy,
    indices_of,
    matching_record,
)
from dualtrack.runtime.proofs import EntryProof, prove_entry
from dualtrack.runtime.reasons import in_language
from dualtrack.runtime.receipt_answers import receipt_answer
from dualtrack.runtime.receipt_reasons import ReceiptReason, deciders, explained, reasons_of, why_of
from dualtrack.runtime.registered import human_contact
from dualtrack.runtime.review_read import review_of_decision, said_state
from dualtrack.store.rare import Rare

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import RowMapping

    from dualtrack.domain.decision import Decision
    from dualtrack.domain.entry import Entry
    from dualtrack.runtime.gate import Gate
    from dualtrack.store.register import Register

__all__ = [
    "BY_CODE",
    "CODE_CHARACTERS_MAX",
    "ReceiptHolder",
    "ReceiptKey",
    "ReceiptReview",
    "ReceiptView",
    "find_receipt",
    "locate_receipt",
    "open_receipt",
]

CODE_CHARACTERS_MAX = 40
"""Longest code that is looked up: 12 characters with whatever people put between them."""

_UNKNOWN = "no receipt of this code"


class _Words(Record, frozen=True):
    """The words of receipts in both languages."""

    checked_on: str
    outcomes: dict[str, Text]
    modes: dict[str, Text]
    reviews: dict[str, Text]
    erased: Text


class ReceiptKey(NamedTuple):
    """A receipt by its digest: so a customer's link names it, which is made without the code."""

    digest: str


class ReceiptHolder(NamedTuple):
    """In whose name something is done under a receipt, and by what they came to it: its code, or a link made for them."""

    by: str
    means: Literal["receipt", "link"]


BY_CODE = ReceiptHolder("customer", "receipt")
"""Who has the code itself: the customer, for it is given to nobody else."""


class ReceiptReview(Record, frozen=True):
    """A person's look at the decision: its state, and the clock, due in Hong Kong business time."""

    id: DecisionId
    state: str
    says: Text
    opened_at: str
    due_at: str
    due_hong_kong: str
    open: bool


class ReceiptView(Record, frozen=True):
    """A receipt as a customer sees it. `reasons` is empty where none were given, and `erased` says they were once.

    `code` is empty where a link opened it.

    Of an answer that a person had to see first: `answer` is what they released, `message` what is said in its place, and
    `fetched_at` when one of the two was first fetched: by the firm's program, under this code, or by a link.
    `why` says in plain words why it ended so. `explained` holds the reasons for a reader of either language, `reasons` those of
    the call; so do `deciders` and `decided_by`.
    """

    code: str
    decision: DecisionId
    institution: str
    use: UseName
    title: Text
    purpose: Text
    at: str
    hong_kong: str
    mode: RunMode
    mode_says: Text
    durability: Durability
    decided_by: list[str]
    deciders: list[Text]
    outcome: Outcome
    says: Text
    why: Text | None
    reasons: list[str]
    explained: list[ReceiptReason]
    erased: Text | None
    disclosure: Text | None
    human: Text
    opt_out: bool
    reviews: list[ReceiptReview]
    answer: str | None
    message: Text | None
    fetched_at: str | None
    proof: EntryProof


def locate_receipt(registers: Iterable[Register], code: str | ReceiptKey) -> tuple[Register, RowMapping]:
    """Return the register and index row of a receipt; raises NotFoundError.

    Every institution is asked whether the code is known or not, and a code of any form is looked up by its digest.
    """
    digest = code.digest if isinstance(code, ReceiptKey) else receipt_digest(code[:CODE_CHARACTERS_MAX])
    found = [(register, row) for register in registers if (row := _row(register, digest)) is not None]
    if not found:
        raise NotFoundError(_UNKNOWN, where="receipt", fix="compare it with the code that was given with the answer")
    return found[0]


def find_receipt(
    registers: Iterable[Register],
    code: str | ReceiptKey,
    gate: Gate | None = None,
    *,
    shown_to: ReceiptHolder | None = None,
) -> ReceiptView:
    """Return what a customer may see under a code; raises NotFoundError.

    A held answer that a person released is in it only where `gate` lets the use answer now, and its reasons with it. Where
    it is shown to a customer now, that is recorded before: name them in `shown_to`, and nobody who only looks after it.
    Where the ledger has no such decision, or another one, that is an incident of severity major, which is recorded once;
    StoreCorruptError then says so, with its id.
    """
    register, row = locate_receipt(registers, code)
    entry, record = open_receipt(register, row)
    declared = find_declaration(register, record.use, until=record.at)
    policy = find_policy(register, record.use, record.policy)
    words, held = _words(), receipt_answer(register, record, gate)
    reasons = reasons_of(register, record, given=held.answer is not None and held.reasoned)
    decided = deciders(register, record, declared, policy)
    shown = policy.disclosure.text if policy.disclosure is not None and record.disclosure is not None else None
    return ReceiptView(
        code="" if isinstance(code, ReceiptKey) else shown_code(_plain(code)),
        decision=record.id,
        institution=register.institution,
        use=record.use,
        title=declared.title,
        purpose=policy.purpose or declared.purpose,
        at=record.at,
        hong_kong=_hong_kong(record.at),
        mode=record.mode,
        mode_says=words.modes[record.mode],
        durability=record.durability,
        decided_by=[name for name, _ in decided],
        deciders=[said for _, said in decided],
        outcome=record.outcome,
        says=words.outcomes["ruled" if record.outcome == "fallback" and answered_by_rules(record) else record.outcome],
        why=why_of(record, declared, policy, reasons or []),
        reasons=list(in_language(reasons or [], record.language or "en")),
        explained=explained(reasons or []),
        erased=words.erased if reasons is None else None,
        disclosure=shown,
        human=human_contact(policy, record.guards),
        opt_out=policy.opt_out,
        reviews=_reviews(register, record),
        answer=held.answer,
        message=held.message,
        fetched_at=_fetched(register, record, shown_to if held.told else None),
        proof=prove_entry(register.repository, entry),
    )


def open_receipt(register: Register, row: RowMapping) -> tuple[Entry, Decision]:
    """Return entry and record of a receipt's row; raises StoreCorruptError, with an incident, where they do not agree."""
    found = matching_record(register, row)
    if found is None:
        incident = _without_entry(register, row)
        raise StoreCorruptError(
            f"the ledger does not hold this decision as the receipt says; incident {incident} is open",
            where=f"decision {row['id']}",
            fix="tell the firm; it runs `dualtrack ledger verify` and restores from its backup",
            code="store.receipt-without-entry",
        )
    return found


def _fetched(register: Register, record: Decision, holder: ReceiptHolder | None) -> str | None:
    """Return when a held answer was first fetched, which is now where this holder is the first; None while nobody did."""
    if record.outcome != "routed" or record.review is None:
        return None
    if holder is None:
        found = first_fetch(register, record.id)
    else:
        found = note_fetch(register, record, by=holder.by, means=holder.means)
    return None if found is None else found.at


def _plain(code: str) -> str:
    """Return the twelve characters of a code as it was typed."""
    return code[:CODE_CHARACTERS_MAX].lower().replace("-", "").replace(" ", "").translate(str.maketrans("oil", "011"))


def _row(register: Register, digest: str) -> RowMapping | None:
    table = register.repository.tables.decision
    query = select(table).where(table.c.ledger == register.repository.ledger, Rare(table.c.receipt == digest))
    with register.repository.backend.read() as connection:
        return connection.execute(query).mappings().first()


def _without_entry(register: Register, row: RowMapping) -> str:
    """Record the incident, or return the one that this decision has already: people reload pages."""
    known = _known_incident(register, row)
    if known is not None:
        return known
    facts: dict[str, int | str] = {"decision": str(row["id"]), "index": int(row["idx"])}
    note = "A receipt was given for a decision that the ledger does not hold, or holds otherwise."
    return open_incident(
        register,
        kind="receipt-without-entry",
        severity="major",
        use=row["use_id"],
        note=note,
        by="runtime",
        facts=facts,
    ).id


def _known_incident(register: Register, row: RowMapping) -> str | None:
    for index in indices_of(register, "incident/1", row["use_id"]):
        plain = msgspec.json.decode(register.repository.entry(index).content)
        if plain["kind"] == "receipt-without-entry" and plain["facts"].get("decision") == row["id"]:
            return str(plain["id"])
    return None


def _reviews(register: Register, record: Decision) -> list[ReceiptReview]:
    words = _words().reviews
    found = []
    for state in review_of_decision(register, record.id):
        said = said_state(record, state)
        says = words[said] if state.ended else words["waiting"]
        found.append(
            ReceiptReview(
                id=state.opened.id,
                state=said,
                says=says,
                opened_at=state.opened.opened_at,
                due_at=state.opened.due_at,
                due_hong_kong=_hong_kong(state.opened.due_at),
                open=not state.ended,
            )
        )
    return found


def _hong_kong(at: str) -> str:
    return parse_instant(at).astimezone(HONG_KONG).strftime("%Y-%m-%d %H:%M")


@cache
def _words() -> _Words:
    data = (resources.files("dualtrack.runtime") / "data" / "receipt_words.yaml").read_bytes()
    return read_record(read_yaml(data, where="receipt_words.yaml"), _Words, where="receipt_words.yaml")

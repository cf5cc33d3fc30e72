from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from dualtrack.domain import canonical
from dualtrack.domain.entry import leaf_bytes, read_leaf
from dualtrack.errors import NotFoundError, StoreCorruptError
from dualtrack.keys.vkey import VerifierKey
from dualtrack.ledger.checkpoint import open_checkpoint
from dualtrack.ledger.merkle import leaf_hash, verify_inclusion
from dualtrack.runtime.asking import ask_for_person
from dualtrack.runtime.ids import shown_code
from dualtrack.runtime.incidents import get_incident, list_incidents
from dualtrack.runtime.receipts import find_receipt
from dualtrack.runtime.reviews import ReviewDesk
from dualtrack.store.config import ledger_origin
from permit.firm import FIRM, USE, known_key


def test_a_receipt_says_what_was_decided_by_what_and_why(desk):
    record, code = desk.decide(reasons=("Pays late", "曾逾期還款"))
    found = find_receipt([desk.register], code)
    assert (found.decision, found.use, found.institution) == (record.id, USE, FIRM)
    assert found.code == shown_code(code)
    assert found.title.en == "Early warning"
    assert found.hong_kong == "2026-11-23 10:00"
    assert found.decided_by == ["Scorecard 3"]
    assert found.reasons == ["Pays late", "曾逾期還款"]
    assert found.disclosure.en == "A machine answers"
    assert found.human.zh == "（譯）Call 2222 2222"
    assert found.opt_out
    assert found.reviews == []
    for said in (found.says, found.mode_says):
        assert said.en
        assert said.zh


@pytest.mark.parametrize("outcome", ["blocked", "routed", "fallback", "failed", "refused", "stopped"])
def test_every_outcome_has_its_words(desk, outcome):
    _, code = desk.decide(outcome=outcome, output=None, reasons=())
    found = find_receipt([desk.register], code)
    assert found.outcome == outcome
    assert found.reasons == []
    assert found.erased is None


def test_a_code_may_be_typed_as_people_type(desk):
    record, code = desk.decide()
    for typed in (code.upper(), shown_code(code), f" {code[:4]} {code[4:]} "):
        assert find_receipt([desk.register], typed).decision == record.id


@pytest.mark.parametrize("code", ["0000-0000-0000", "", "x" * 10_000, "' or 1=1", "零"])
def test_an_unknown_code_of_any_form_is_not_found_in_the_same_words(desk, code):
    desk.decide()
    with pytest.raises(NotFoundError) as caught:
        find_receipt([desk.register], code)
    assert caught.value.found == "no receipt of this code"


def test_the_proof_holds_for_whoever_has_only_the_receipt_and_the_logs_key(desk):
    _, code = desk.decide()
    desk.decide()
    proof = find_receipt([desk.register], code).proof
    key = VerifierKey.of(ledger_origin(FIRM), known_key("log").public_key)
    head = open_checkpoint(proof.note.encode(), key).checkpoint
    leaf = proof.leaf.encode()
    assert leaf_hash(leaf).hex() == proof.leaf_hash
    verify_inclusion(proof.index, head.size, leaf_hash(leaf), [bytes.fromhex(step) for step in proof.path], head.root)
    parsed = read_leaf(leaf)
    content, salt = proof.content.encode(), bytes.fromhex(proof.salt)
    assert leaf_bytes(parsed.kind, FIRM, parsed.id, parsed.recorded_at, salt, content) == leaf
    assert canonical.decode(content)["outcome"] == "served"


def test_erased_reasons_are_said_to_be_erased(desk):
    record, code = desk.decide()
    desk.contents.erase_subject(record.subject, at=desk.register.now())
    found = find_receipt([desk.register], code)
    assert found.reasons == []
    assert "erased" in found.erased.en


def change_row(desk, record, **values) -> None:
    table = desk.store.tables.decision
    with desk.store.backend.write(desk.register.repository.ledger) as connection:
        connection.execute(update(table).where(table.c.id == record.id).values(**values))


@pytest.mark.parametrize("change", [{"outcome": "blocked"}, {"idx": 0}, {"idx": 10_000}, {"subject": None}])
def test_a_receipt_without_its_entry_is_an_incident_recorded_once(desk, change):
    record, code = desk.decide()
    change_row(desk, record, **change)
    for _ in range(2):
        with pytest.raises(StoreCorruptError, match="incident") as caught:
            find_receipt([desk.register], code)
        assert caught.value.code == "store.receipt-without-entry"
    (row,) = list_incidents(desk.register)
    assert (row["kind"], row["severity"], row["use_id"]) == ("receipt-without-entry", "major", USE)
    assert row["id"] in caught.value.found
    assert get_incident(desk.register, row["id"]).facts["decision"] == record.id


def test_a_row_that_is_gone_leaves_an_unknown_code(desk):
    record, code = desk.decide()
    table = desk.store.tables.decision
    with desk.store.backend.write(desk.register.repository.ledger) as connection:
        connection.execute(delete(table).where(table.c.id == record.id))
    with pytest.raises(NotFoundError):
        find_receipt([desk.register], code)


def test_a_person_is_asked_for_once_and_the_clock_runs_in_business_time(desk):
    _, code = desk.decide()
    desk.forward(hours=6)  # 16:00 in Hong Kong: two hours are left of the day, two go on in the morning
    asked = ask_for_person([desk.register], code)
    assert asked.opened
    assert asked.due_at == "2026-11-24T03:00:00Z"
    assert ask_for_person([desk.register], code) == asked._replace(opened=False)
    (review,) = find_receipt([desk.register], code).reviews
    assert (review.id, review.open, review.due_hong_kong) == (asked.review, True, "2026-11-24 11:00")
    state = ReviewDesk(desk.register, desk.contents).state(asked.review)
    assert (state.opened.why, state.opened.makers) == ("customer_asked", ["developer"])


def test_asking_again_after_it_ended_opens_no_second_one(desk):
    _, code = desk.decide()
    asked = ask_for_person([desk.register], code)
    reviews = ReviewDesk(desk.register, desk.contents)
    reviews.act(asked.review, "claim", "rita", ["reviewer"])
    reviews.act(asked.review, "approve", "rita", ["reviewer"], reason="it is right")
    assert not ask_for_person([desk.register], code).opened
    (review,) = find_receipt([desk.register], code).reviews
    assert (review.open, review.state) == (False, "approved")


def test_who_waits_for_a_person_already_is_told_when(desk):
    record, code = desk.decide(outcome="routed", review="guard_routed")
    assert ask_for_person([desk.register], code).review == record.review


def test_a_sampled_answer_is_not_yet_a_person_for_the_customer(desk):
    record, code = desk.decide(review="sample")
    asked = ask_for_person([desk.register], code)
    assert asked.opened
    assert asked.review != record.review

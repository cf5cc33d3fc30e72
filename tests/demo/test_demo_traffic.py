"""The demo's live traffic: persons through the customer-facing uses, questions through trial permits, receipts to open."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime

import pytest

from dualtrack.demo.language.answering import CUSTOMER
from dualtrack.demo.receipts import RECEIPTS_NAME
from dualtrack.demo.running import TRAFFIC
from dualtrack.runtime.engine import Runtime
from dualtrack.runtime.erasing import erase_person
from dualtrack.runtime.opting import opt_out_by_receipt
from dualtrack.runtime.receipts import find_receipt
from dualtrack.runtime.reviews import ReviewDesk
from dualtrack.store.workspace import Workspace

BANK, BROKER = "harbour-bank-demo", "peak-securities-demo"
CALLS, SERVICE, CLIENT = f"{BANK}/early-contact-order", f"{BANK}/service-answers", f"{BROKER}/client-answers"


@pytest.fixture
def runtime(result, tmp_path):
    """Open a copy of the finished demo, so that what a customer does in it stays here."""
    copy = shutil.copytree(result.folder, tmp_path / "dualtrack-demo")
    with Runtime.open(Workspace.open(copy), lambda: datetime.now(UTC)) as found:
        yield found


def receipts(result):
    return {given.use: given.code for given in result.traffic.receipts}


def test_every_use_at_work_is_counted(result):
    outcomes = result.traffic.outcomes
    assert outcomes[CALLS] == {"served": TRAFFIC["early-contact-order"], "routed": 1}
    assert outcomes[SERVICE] == {
        "routed": 2,
        "fallback": 1,
    }  # a question, a stolen card, and one that no passage answers
    assert outcomes[CLIENT] == {"routed": 2}  # a question, and a complaint


def test_one_question_went_through_each_trial_permit_and_one_answer_is_approved_and_one_waits(result, runtime):
    states = {answer.use: answer for answer in result.traffic.answers}
    assert {use: (a.mode, a.outcome, a.code, a.state) for use, a in states.items()} == {
        SERVICE: ("trial", "routed", "review.hold", "approved"),
        CLIENT: ("trial", "routed", "review.hold", "queued"),
    }
    for answer in states.values():
        register = runtime.registers[answer.use.partition("/")[0]]
        desk = ReviewDesk(register, runtime.recorder(register.institution).contents)
        assert desk.state(answer.review).status == answer.state
        assert desk.released(answer.review).ended is (answer.state == "approved")
    approved = ReviewDesk(runtime.registers[BANK], runtime.recorder(BANK).contents).released(states[SERVICE].review)
    assert "Freeze card" in approved.text
    assert "artificial intelligence" in approved.text


def test_each_receipt_opens_and_says_who_decides_and_whom_to_reach(result, runtime):
    registers = list(runtime.registers.values())
    found = {use: find_receipt(registers, code) for use, code in receipts(result).items()}
    assert set(found) == {CALLS, SERVICE, CLIENT}
    assert found[CALLS].outcome == "served"
    assert found[CALLS].reasons
    assert found[CALLS].explained
    assert all(item.says.en.startswith(("raised by: ", "lowered by: ")) for item in found[CALLS].explained)
    assert found[CALLS].durability == "durable", "its tier is high, though it answers staff"
    for view in found.values():
        assert view.deciders
        assert all(re.search("：[一-鿿]", said.zh) for said in view.deciders), "parts are named in Chinese"
    assert found[SERVICE].mode == found[CLIENT].mode == "trial"
    assert [item.state for item in found[SERVICE].reviews] == ["approved"]
    assert [item.open for item in found[CLIENT].reviews] == [True]
    assert all(view.human.zh and view.proof for view in found.values())


def test_the_file_in_the_folder_holds_every_address(result):
    path = result.folder / RECEIPTS_NAME
    text = path.read_text(encoding="utf-8")
    for given in result.traffic.receipts:
        assert given.path in text
        assert given.says.zh in text
    assert path.stat().st_mode & 0o077 == 0


def test_a_customer_of_the_demo_opts_out_by_receipt_and_is_not_answered_by_ai_again(result, runtime):
    code = receipts(result)[SERVICE]
    assert opt_out_by_receipt(runtime.registers.values(), code) is True
    assert opt_out_by_receipt(runtime.registers.values(), code) is False


def test_every_decision_on_early_calls_is_about_a_customer(result, runtime):
    code = receipts(result)[CALLS]
    assert opt_out_by_receipt(runtime.registers.values(), code) is True


def test_erasure_names_the_law_that_keeps_a_conversation(result, runtime):
    for use, law in ((SERVICE, "Cap. 615"), (CLIENT, "Cap. 571O")):
        institution = use.partition("/")[0]
        subject = runtime.subjects.pseudonym(institution, CUSTOMER)
        vault = runtime.recorder(institution).contents
        reply = erase_person(runtime.registers[institution], vault, "compliance", subject, "the person asked")
        (line,) = reply.kept
        assert law in line.law.en
        assert line.until > "2031"
        assert "has established which law applies" not in reply.says.en

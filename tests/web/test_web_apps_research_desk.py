"""The desk over the whole server: what a person changed is what is shown, and what was said of a file first stays."""

from __future__ import annotations

import json
import time

import pytest
from server_world import USE, ConsoleRole, ServerWorld

pytest.importorskip("pypdfium2", reason="the research extra (pypdfium2) is not installed")

from dualtrack.apps.research.desk import Desk
from dualtrack.apps.research.state import state
from dualtrack.runtime.holds import release_hold, set_hold
from dualtrack.runtime.reviews import ReviewDesk
from permit.firm import FIRM, known_key

DESK, NOTES, REGISTER = "/apps/research/desk", "/apps/research/notes", "/apps/research/register"
SHEET = b"HK$ million,2025,2024\nRevenue,1350,1200\nCost of sales,850,800\nGross profit,500,400\n"
WAIT_S = 30
QUESTION = "What was the revenue of Lantern in 2025?"
POLICY = {"guards": [], "fields": [{"name": "question", "type": "string"}], "output": {}}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    world = ServerWorld(tmp_path_factory.mktemp("desk"))
    world.world.again(**POLICY, review={"mode": "hold", "due_minutes": 30})
    settings = f"format: dualtrack.research/1\ndesks: [{{use: {USE}, qualified: []}}]\n"
    world.world.workspace.path("research.yaml").write_text(settings, encoding="utf-8")
    world.runtime.snapshots.refresh()
    world.analyst = world.signed_in(ConsoleRole.OWNER)
    world.registrar = world.signed_in(ConsoleRole.COMPLIANCE)
    assert loaded(world).status_code == 303
    yield world
    world.close()


def loaded(world, **more):
    sent = {"licence": "HKEX filing", "issuer": "Lantern", "period": "FY2025", "form": "annual"} | more
    return world.analyst.post(f"{DESK}/load", sent, files={"file": ("income.csv", SHEET, "text/csv")})


def reviewed(world, action, change=lambda _: None):
    """Have a reviewer claim the newest waiting answer and act on it, with the text that `change` makes of the draft."""
    register = world.runtime.registers[FIRM]
    reviews = ReviewDesk(register, world.runtime.recorder(FIRM).contents)
    until_s = time.monotonic() + WAIT_S
    while not (found := reviews.queue(use=USE)) and time.monotonic() < until_s:
        time.sleep(0.02)  # the decision is written behind the answer
    waiting = found[0]
    reviews.act(waiting["id"], "claim", "reader", ["reviewer"])
    view = reviews.get(waiting["id"], by="reader", reason="a test")
    reviews.act(waiting["id"], action, "reader", ["reviewer"], reason="a test", text=change(view.text))


def test_a_held_answer_is_shown_as_the_person_who_read_it_left_it(served):
    served.analyst.post(f"{DESK}/ask", {"question": QUESTION})
    assert "1350" not in served.analyst.get(DESK).text

    def changed(draft):
        reply = json.loads(draft)
        reply["figure"]["shown"] = "1351"
        return json.dumps(reply)

    reviewed(served, "modify", changed)
    with Desk(served.runtime, FIRM) as desk:
        assert desk.answers()[0].reply.figure.shown == "1351"


def test_on_hold_the_desk_opens_and_gives_nothing_that_was_held(served):
    served.analyst.post(f"{DESK}/ask", {"question": QUESTION})
    reviewed(served, "approve")
    with Desk(served.runtime, FIRM) as desk:
        assert desk.answers()[0].reply.figure.shown == "1350"
    register = served.runtime.registers[FIRM]
    hold = set_hold(register, known_key("executive"), scope="use", target=USE, reason="a test")
    served.runtime.snapshots.refresh()
    try:
        page = served.analyst.get(DESK)
        assert (page.status_code, "1350" in page.text) == (200, False)
    finally:
        release_hold(register, known_key("compliance"), hold.hold.id, "a test")
        served.runtime.snapshots.refresh()


def test_what_was_said_of_a_file_first_stays_when_it_is_loaded_again(served):
    assert loaded(served, issuer="Another", period="FY2020", name="other.csv").status_code == 303
    (row,) = state(served.runtime.registers[FIRM]).rows("document")
    with Desk(served.runtime, FIRM) as desk:
        (kept,) = desk.store.documents()
    assert [(each["name"], each["issuer"], each["period"]) for each in [row]] == [("income.csv", "Lantern", "FY2025")]
    assert (kept.about.name, kept.about.issuer, kept.about.period) == ("income.csv", "Lantern", "FY2025")


def test_a_stricter_licence_is_one_change_of_what_is_here(served):
    with Desk(served.runtime, FIRM) as desk:
        (kept,) = desk.store.documents()
        before = desk.store.document(kept.sha256)
        desk.store.set_licence(kept.sha256, "another licence")
        assert desk.store.documents()[0].about.licence == "another licence"
        assert desk.store.document(kept.sha256).pages == before.pages
        assert desk.store.original(kept.sha256) == SHEET
        desk.store.set_licence(kept.sha256, kept.about.licence)


@pytest.mark.parametrize(
    ("address", "form"),
    [
        (REGISTER, {"kind": "dealing", "issuer": "Lantern", "who": "may-lam", "since": "0026-01-01"}),
        (
            REGISTER,
            {"kind": "dealing", "issuer": "Lantern", "who": "may-lam", "since": "2026-01-01", "until": "9999999"},
        ),
        (f"{NOTES}/n-1/sentence", {"text": "Revenue rose.", "place": "9" * 5_000}),
    ],
)
def test_numbers_and_dates_that_are_none_are_said_to_be_so(served, address, form):
    served.analyst.post(
        NOTES, {"id": "n-1", "title": "Lantern", "issuers": "Lantern", "audience": "clients", "first": "We like it."}
    )
    answer = (served.registrar if address == REGISTER else served.analyst).post(address, form)
    assert answer.status_code == 400
    assert not state(served.runtime.registers[FIRM]).rows("registered")


def test_a_note_that_quotes_a_document_which_is_gone_opens_and_cannot_be_published(served):
    served.analyst.post(
        NOTES, {"id": "n-2", "title": "Lantern", "issuers": "Lantern", "audience": "clients", "first": "We like it."}
    )
    with Desk(served.runtime, FIRM) as desk:
        (kept,) = desk.store.documents()
        document = kept.sha256
    sent = {"text": "Revenue was 1350.", "document": document, "page": "1", "quote": "Revenue 1350 1200"}
    assert served.analyst.post(f"{NOTES}/n-2/sentence", sent).status_code == 303
    with Desk(served.runtime, FIRM) as desk:
        desk.store.remove(document)
    page = served.analyst.get(f"{NOTES}/n-2")
    assert page.status_code == 200
    assert "cannot be published" in page.text

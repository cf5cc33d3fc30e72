"""The pages behind the real doors: roles let in or refuse, forms need their token, and what is public stays public."""

from __future__ import annotations

import pytest
from server_world import ORIGIN, ServerWorld

from dualtrack.runtime.decide import Scoring, decide
from dualtrack.web.identity.permissions import VERBS_OF, Verb
from dualtrack.web.identity.roles import ACCOUNT_ROLES, ConsoleRole
from permit.firm import USE


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = ServerWorld(tmp_path_factory.mktemp("mounted"))
    made.world.again(audience="customers")
    made.runtime.snapshots.refresh()
    made.answer = decide(made.runtime, USE, {"late": 3}, lambda _row: Scoring(0.5, ("late",)))
    yield made
    made.close()


@pytest.fixture(scope="module")
def owner(world):
    return world.signed_in(ConsoleRole.OWNER)


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/uses?area=risk",
        f"/uses/{USE}",
        f"/uses/{USE}/to-green",
        f"/uses/{USE}/assessment",
        "/evidence/12",
        "/decisions",
        "/ledger",
        "/ledger/3",
        "/ledger/3/proof",
        "/packs",
        "/rules",
        "/packs/sfc-24ec55",
        "/export/uses.xlsx",
    ],
)
def test_a_page_opens_for_who_may_and_for_nobody_else(world, owner, address):
    index = next(entry.index for entry in world.world.register.repository.entries(kinds=("evidence/1",)))
    address = address.replace("/evidence/12", f"/evidence/{index}")
    answer = owner.get(address)
    assert answer.status_code == 200, answer.text[:500]
    outside = world.browser().get(address)
    assert outside.status_code in {303, 401}


def test_a_decision_and_its_content(world, owner):
    address = f"/decisions/{world.answer.decision}"
    assert owner.get(address).status_code == 200
    assert owner.post(f"{address}/content", {"reason": "complaint 4"}).status_code == 200
    without_token = owner.ask("POST", f"{address}/content", data={"reason": "complaint 4"}, headers={"origin": ORIGIN})
    assert without_token.status_code == 403
    supervisor = world.signed_in(ConsoleRole.SUPERVISOR)
    assert supervisor.get(address).status_code == 200
    assert supervisor.post(f"{address}/content", {"reason": "curious"}).status_code == 403


@pytest.mark.parametrize("role", sorted(ACCOUNT_ROLES))
def test_every_role_of_a_person_is_tried_on_the_search_for_a_person(world, role):
    def looks() -> int:
        return len(list(world.world.register.repository.every(kinds=("access/1",))))

    browser, before, may = world.signed_in(role), looks(), Verb.SEE_CONTENT in VERBS_OF[role]
    answer = browser.post("/decisions/person", {"person": "customer 7", "reason": "complaint 4"})
    assert answer.status_code == (303 if may else 403)
    assert looks() == before + may
    shown = browser.get("/decisions")
    assert ('action="/decisions/person"' in shown.text) is (may and Verb.SEE_DECISIONS in VERBS_OF[role])
    assert world.browser().post("/decisions/person", {"person": "customer 7", "reason": "x"}).status_code in {303, 401}
    assert looks() == before + may


def test_assessing_goes_back_to_the_use_with_what_came_out(world, owner):
    owner.get(f"/uses/{USE}")
    answer = owner.post(f"/uses/{USE}/assess")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/uses/{USE}"
    assert "Assessed, entry" in owner.get(f"/uses/{USE}").text


def test_the_ledger_is_verified_from_its_page(world, owner):
    owner.get("/ledger")
    answer = owner.post("/ledger/verify")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ledger")
    world.runtime.verifications.wait()
    assert "Whole." in owner.get("/ledger").text


def test_a_receipt_needs_no_account(world):
    customer = world.browser()
    assert customer.get("/r").status_code == 200
    page = customer.get(f"/r/{world.answer.receipt}")
    assert page.status_code == 200
    assert "The answer was given as computed." in page.text
    assert customer.get("/r/0000-0000-0000").status_code == 404
    customer.get(f"/r/{world.answer.receipt}")
    asked = customer.post(f"/r/{world.answer.receipt}/person")
    assert asked.status_code == 303
    assert "A person will look at it by" in customer.get(asked.headers["location"]).text

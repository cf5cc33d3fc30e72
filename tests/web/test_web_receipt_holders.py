"""In whose name a receipt is read and acted on: the customer's by the code, a link's by its id, and never that of staff."""

from __future__ import annotations

import asyncio
import time

import pytest
from server_world import FIRM, ORIGIN, USE, ServerWorld

from dualtrack.domain import canonical
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.web.identity.rate_limits import ATTEMPT_LIMITS
from dualtrack.web.identity.roles import ConsoleRole
from runtime.planting_world import act

KINDS = ("answer-fetch/1", "opt-out/1", "complaint/1", "review/1")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    found = ServerWorld(tmp_path_factory.mktemp("served"))
    told = {"en": "A machine answers.", "zh-Hant": "由機器回應。"}
    found.world.again(
        audience="customers", opt_out=True, disclosure={"text": told, "every": True}, review={"mode": "hold"}
    )
    found.runtime.snapshots.refresh()
    yield found
    found.close()


def answered(served, person):
    """Return an answer that a person released, and that nobody fetched."""
    made = decide(served.runtime, USE, {"late": 3}, lambda _row: Scoring(0.5, ("late",)), person=person)
    while served.runtime.recorders[FIRM].waiting:
        time.sleep(0.005)
    act(served.runtime, made.review, "approve")
    return made


@pytest.fixture
def answer(served, request):
    return answered(served, f"customer {request.node.name}")


@pytest.fixture(scope="module")
def staff(served):
    return served.signed_in(ConsoleRole.COMPLIANCE)


def written(served):
    """Return the newest entries that could be the customer's, by kind."""
    every = served.world.register.repository.every
    return {kind: [canonical.decode(item.content) for item in every(kinds=(kind,))] for kind in KINDS}


def link_of(browser, answer) -> str:
    made = browser.api("POST", f"/decisions/{answer.decision}/links", {"reason": "she lost the letter"})
    return made.json()["address"].removeprefix(ORIGIN).partition("?")[0]


def test_a_look_that_shows_no_customer_the_answer_is_no_fetch(served, answer, staff):
    before, customer, path = written(served), served.browser(), f"/r/{answer.receipt}"
    assert answer.decision in customer.get(f"{path}/proof").text
    assert customer.ask("HEAD", path).status_code == 200
    refused = customer.post(f"{path}/complaint", {"text": " "})
    assert (refused.status_code, "The answer that a person released" in refused.text) == (400, False)
    link = link_of(staff, answer)
    for seen in (path, link):
        page = staff.get(f"{seen}?lang=en").text
        assert "You are signed in as staff" in page
        assert f'action="{seen}/' not in page
    assert "你正以職員身分登入" in staff.get(f"{path}?lang=zh-Hant").text
    assert staff.api("GET", f"/receipts/{answer.receipt}").json()["fetched_at"] is None
    program = served.key(ConsoleRole.OWNER)
    assert customer.api("GET", f"/receipts/{answer.receipt}", key=program).json()["fetched_at"] is None
    assert written(served) == before
    assert "first fetched" in customer.get(f"{path}?lang=en").text
    [fetch] = written(served)["answer-fetch/1"][len(before["answer-fetch/1"]) :]
    assert (fetch["by"], fetch["means"]) == ("customer", "receipt")


def test_the_api_notes_what_it_shows_a_customer(served, answer):
    found = served.browser().api("GET", f"/receipts/{answer.receipt}").json()
    fetch = written(served)["answer-fetch/1"][-1]
    assert (fetch["decision"], fetch["by"], fetch["means"]) == (answer.decision, "customer", "receipt")
    assert found["fetched_at"] == fetch["at"]


def test_what_is_done_through_a_link_bears_its_id(served, answer, staff):
    link, customer = link_of(staff, answer), served.browser()
    assert customer.get(link).status_code == 200
    assert customer.post(f"{link}/opt-out").status_code == 303
    assert customer.post(f"{link}/complaint", {"text": "it was wrong"}).status_code == 303
    found = written(served)
    fetch, opt_out, complaint = (found[kind][-1] for kind in KINDS[:3])
    assert complaint["by"].startswith("link-")
    assert fetch["decision"] == complaint["decision"] == answer.decision
    assert fetch["by"] == opt_out["by"] == complaint["by"]
    assert fetch["means"] == complaint["means"] == "link"
    assert f"the customer&#39;s link {fetch['by']}" in staff.get(f"/decisions/{answer.decision}?lang=en").text
    assert "客戶（憑連結）" in staff.get("/complaints?lang=zh-Hant").text
    assert staff.api("GET", "/complaints").json()[0]["means"] == "link"


def test_staff_do_nothing_in_the_customers_name(served, answer, staff):
    link, before = link_of(staff, answer), written(served)
    for path in (f"/r/{answer.receipt}", link):
        for step, form in {"person": {}, "opt-out": {}, "complaint": {"text": "x"}}.items():
            refused = staff.post(f"{path}/{step}?lang=en", form)
            assert (refused.status_code, "this page is the customer&#39;s" in refused.text) == (403, True), (path, step)
    chinese = staff.ask(
        "POST", f"{link}/person?lang=zh-Hant", data={"token": staff.token()}, headers={"origin": ORIGIN}
    )
    assert "此頁供客戶使用" in chinese.text
    for step, body in {"person": None, "opt-out": {}, "complaint": {"text": "x"}}.items():
        assert staff.api("POST", f"/receipts/{answer.receipt}/{step}", body).status_code == 403, step
    assert written(served) == before


def test_many_of_one_network_open_right_codes_at_once(served, answer):
    browser = served.browser(peer=("203.0.113.5", 1))

    async def many(paths):
        return [found.status_code for found in await asyncio.gather(*[browser.http.get(path) for path in paths])]

    right = [f"/r/{answer.receipt}", f"/api/v1/receipts/{answer.receipt}"] * 15
    assert set(served.runner.run(many(right))) == {200}
    most = ATTEMPT_LIMITS["receipt_source"].burst
    wrong = [f"/r/AAAA{number:08d}" for number in range(2 * most)]
    statuses = served.runner.run(many(wrong))
    assert (statuses.count(404), statuses.count(429)) == (most, most)
    assert browser.get(right[0]).status_code == 429


def test_other_refusals_of_a_right_code_are_no_guesses(served):
    nobody = answered(served, None)
    browser = served.browser(peer=("198.51.100.9", 1))
    for _ in range(ATTEMPT_LIMITS["receipt_source"].burst + 2):
        assert browser.api("POST", f"/receipts/{nobody.receipt}/opt-out", {}).status_code == 400
    assert browser.api("GET", f"/receipts/{nobody.receipt}").status_code == 200


def test_what_is_not_here_is_said_in_the_readers_language(served, staff):
    for path in ("/reviews/nothing", f"/decisions/{'0' * 26}"):
        page = staff.get(f"{path}?lang=zh-Hant")
        assert page.status_code == 404
        assert "此處沒有此" in page.text
        for english in ("no such", "look at", "search for"):
            assert english not in page.text, path


def test_a_signed_step_needs_no_password_where_the_server_keeps_the_key(served, staff):
    """Its person is asked for one at the provider; a person whose key is sealed is told that it is missing."""
    missing = staff.api("POST", "/holds", {"scope": "use", "target": USE, "reason": "complaints"})
    assert (missing.status_code, missing.json()["type"]) == (400, "urn:dualtrack:error:input.field.password")

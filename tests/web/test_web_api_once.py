"""Idempotency keys of the API and what must not be kept: contents of persons, secrets, and answers for who may no longer ask."""

from __future__ import annotations

import hashlib

import pytest
from server_world import FIRM, PASSWORD, USE, ServerWorld
from sqlalchemy import select
from test_web_api import decided

from dualtrack.domain import canonical
from dualtrack.domain.oversight import Access
from dualtrack.domain.records import read_record
from dualtrack.runtime.erasing import erase_person
from dualtrack.runtime.once import DONE, RequestKey
from dualtrack.store.shared_tables import SHARED
from dualtrack.web.api.access import is_door
from dualtrack.web.api.idempotency import ApiRoute
from dualtrack.web.api.routers import _ROUTERS
from dualtrack.web.identity.accounts import AccountChange
from dualtrack.web.identity.roles import ConsoleRole

ADMIN, COMPLIANCE, AUDITOR = ConsoleRole.ADMINISTRATOR, ConsoleRole.COMPLIANCE, ConsoleRole.AUDITOR
WORDS = "Nobody could tell me why. My number is 9123 4567."
SHOWN_ONCE = {
    "/decisions/{decision}/links",
    "/reviews/{review}/open",
    "/complaints/{entry}/text",
    "/api-keys",
    "/api-keys/{name}/rotate",
    "/session",
}
KEPT = {
    "/accounts",
    "/accounts/{name}/password",
    "/complaints",
    "/decisions/{decision}/replay",
    "/erasures",
    "/holds",
    "/holds/{hold}/release",
    "/incidents",
    "/incidents/{incident}/updates",
    "/opt-outs",
    "/receipts/{code}/complaint",
    "/receipts/{code}/opt-out",
    "/receipts/{code}/person",
    "/reviews/{review}/actions",
    "/uses/{institution}/{use}/assessments",
    "/uses/{institution}/{use}/observe",
    "/uses/{institution}/{use}/observe/end",
}
"""Their answers say what was recorded, in numbers, names and words of the ledger: nothing that an erasure takes, no secret."""

PUBLIC = {"/session", "/receipts/{code}/complaint", "/receipts/{code}/opt-out", "/receipts/{code}/person"}


@pytest.fixture
def fresh(tmp_path):
    found = ServerWorld(tmp_path)
    yield found
    found.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    found = ServerWorld(tmp_path_factory.mktemp("served"))
    yield found
    found.close()


def posts():
    found = [item for router in _ROUTERS for item in router.routes if "POST" in item.methods]
    assert all(isinstance(item, ApiRoute) for item in found)
    return {item.path_format.removeprefix("/api/v1"): item for item in found}


def rows(served):
    with served.runtime.store.backend.read() as connection:
        return connection.execute(select(SHARED.once)).all()


def kept(served, body: bytes):
    """Open the answers that are kept for a body."""
    once, found = served.runtime.once, []
    for row in rows(served):
        if row.answer:
            asked = RequestKey(bytes(row.key_hash), hashlib.sha256(body).digest())
            found.append(once._open(asked, bytes(row.answer)))
    return found


def looks(served):
    entries = served.runtime.registers[FIRM].repository.every(kinds=("access/1",))
    return [read_record(canonical.decode(entry.content), Access, where="test") for entry in entries]


def test_of_every_post_it_is_known_whether_its_answer_may_be_kept():
    found = posts()
    assert set(found) == SHOWN_ONCE | KEPT
    assert {path for path, route in found.items() if route.again} == SHOWN_ONCE
    for path, route in found.items():
        doors = [item.call for item in route.dependant.dependencies if is_door(item.call)]
        assert len(doors) == (0 if path in PUBLIC else 1), path


def test_the_document_says_which_answers_are_not_repeated(served):
    paths = served.browser().ask("GET", "/api/v1/openapi.json").json()["paths"]
    posts = {path for path, item in paths.items() if "post" in item and path.startswith("/api/")}
    assert posts == {f"/api/v1{path}" for path in SHOWN_ONCE | KEPT}
    for path in SHOWN_ONCE | KEPT:
        (said,) = [item for item in paths[f"/api/v1{path}"]["post"]["parameters"] if item["name"] == "Idempotency-Key"]
        assert ("conflict.done" in said["description"]) is (path in SHOWN_ONCE), path


def twice(browser, path, body, **more):
    """Send a request and send it again under its key; the second must be told that the first was done."""
    first, again = (browser.api("POST", path, body, headers={"idempotency-key": "k-1"}, **more) for _ in range(2))
    assert first.status_code in {200, 201}, first.text
    assert again.status_code == 409
    assert again.headers["content-type"] == "application/problem+json"
    assert again.json()["type"] == "urn:dualtrack:error:conflict.done"
    assert again.json()["fix"]
    return first, again


def test_the_texts_of_a_review_are_kept_under_no_key(fresh):
    answer = decided(fresh)
    review = fresh.browser().api("POST", f"/receipts/{answer['receipt']}/person").json()["review"]
    body = {"reason": "a customer asked"}
    reviewer = fresh.signed_in(ConsoleRole.REVIEWER)
    first, again = twice(reviewer, f"/reviews/{review}/open", body)
    assert first.json()["input"] is not None
    assert first.json()["input"] not in again.text
    assert kept(fresh, b'{"reason":"a customer asked"}') == [DONE]
    looked = len(looks(fresh))
    digests = {look.digest for look in looks(fresh)}
    assert len(digests) == looked > 0  # each text once
    anew = reviewer.api("POST", f"/reviews/{review}/open", body, headers={"idempotency-key": "k-2"})
    assert anew.json()["input"] == first.json()["input"]
    assert len(looks(fresh)) == 2 * looked


def test_the_words_of_a_complaint_are_gone_with_an_erasure(fresh):
    key = fresh.key(ConsoleRole.CALLER)
    made = fresh.browser().api("POST", "/complaints", {"use": USE, "text": WORDS, "person": "C-7"}, key=key).json()
    body, browser = {"reason": "handling it"}, fresh.signed_in(COMPLIANCE)
    first, again = twice(browser, f"/complaints/{made['entry']}/text", body)
    assert first.json()["text"] == WORDS
    assert "9123 4567" not in again.text
    assert [look.by for look in looks(fresh)] == ["compliance"]
    contents = fresh.runtime.recorder(FIRM).contents
    subject = fresh.runtime.subjects.pseudonym(FIRM, "C-7")
    erase_person(fresh.runtime.registers[FIRM], contents, "compliance", subject, "asked for it")
    late = browser.api("POST", f"/complaints/{made['entry']}/text", body, headers={"idempotency-key": "k-1"})
    assert late.status_code == 409
    assert "9123 4567" not in late.text
    assert kept(fresh, b'{"reason":"handling it"}') == [DONE]


def test_a_new_api_key_is_shown_once_and_made_once(fresh):
    browser = fresh.signed_in(ADMIN)
    first, again = twice(browser, "/api-keys", {"label": "nightly", "roles": ["caller"]})
    assert first.json()["key"] not in again.text
    assert kept(fresh, b'{"label":"nightly","roles":["caller"]}') == [DONE]
    assert [item["label"] for item in browser.api("GET", "/api-keys").json()].count("nightly") == 1


def test_a_session_is_begun_once_and_its_password_leaves_no_digest_of_its_own(fresh):
    body = {"name": "auditor", "password": PASSWORD}
    first, again = twice(fresh.browser(), "/session", body)
    assert "set-cookie" in first.headers
    assert "set-cookie" not in again.headers
    plain = f'{{"name":"auditor","password":"{PASSWORD}"}}'.encode()
    assert [bytes(row.body_hash) for row in rows(fresh)] != [hashlib.sha256(plain).digest()]
    assert kept(fresh, plain) == [DONE]


def test_who_lost_a_role_is_refused_before_anything_is_repeated(fresh):
    body, headers = {"kind": "outage", "severity": "minor", "note": "the feed stopped"}, {"idempotency-key": "k-1"}
    assert fresh.signed_in(COMPLIANCE).api("POST", "/incidents", body, headers=headers).status_code == 201
    fresh.services.accounts.edit(FIRM, "compliance", AccountChange(roles=frozenset({AUDITOR})), None)
    late = fresh.signed_in(COMPLIANCE).api("POST", "/incidents", body, headers=headers)
    assert late.status_code == 403, late.text
    fresh.services.accounts.edit(FIRM, "compliance", AccountChange(roles=frozenset({COMPLIANCE})), None)
    again = fresh.signed_in(COMPLIANCE).api("POST", "/incidents", body, headers=headers)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")


def test_a_key_that_was_revoked_gets_no_answer_again(fresh):
    key = fresh.key(COMPLIANCE)
    body, headers = {"kind": "outage", "severity": "minor", "note": "the feed stopped"}, {"idempotency-key": "k-1"}
    assert fresh.browser().api("POST", "/incidents", body, key=key, headers=headers).status_code == 201
    (ident,) = [item.id for item in fresh.services.api_keys.of(FIRM)]
    fresh.services.api_keys.revoke(FIRM, ident)
    fresh.services.keys.refresh()
    assert fresh.browser().api("POST", "/incidents", body, key=key, headers=headers).status_code == 401


def test_a_stale_session_gets_no_answer_again_where_the_password_is_asked_for(fresh):
    browser, headers = fresh.signed_in(ADMIN), {"idempotency-key": "k-1"}
    body = {"name": "new-owner", "display_name": "陳小文", "roles": ["owner"], "password": "seven plain wooden ferries"}
    body["reason"] = "new colleague"
    assert browser.api("POST", "/accounts", body, headers=headers).status_code == 201
    fresh.later(minutes=6)
    assert browser.api("POST", "/accounts", body, headers=headers).status_code == 401
    assert browser.post("/sign-in/again", {"password": PASSWORD}).status_code == 303
    assert browser.api("POST", "/accounts", body, headers=headers).headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("path", sorted((SHOWN_ONCE | KEPT) - PUBLIC))
def test_who_is_nobody_or_may_not_claims_no_key(served, path):
    before, headers = len(rows(served)), {"idempotency-key": "k-1"}
    filled = path.format(
        review="0" * 26, entry=0, decision="0" * 26, hold="0" * 26, incident="0" * 26, name="owner", institution=FIRM,
        use=USE.partition("/")[2],
    )  # fmt: skip
    sent = {"origin": "http://dualtrack.test"} | headers
    assert served.browser().ask("POST", f"/api/v1{filled}", json={}, headers=sent).status_code == 401
    key = served.key(ConsoleRole.CALLER)
    if path not in {"/complaints", "/opt-outs"}:  # a program that calls may do these
        assert served.browser().api("POST", filled, {}, key=key, headers=headers).status_code == 403
    assert len(rows(served)) == before

"""Accounts over the API: nobody changes their own, every change has its reason, and texts are such as a database keeps."""

from __future__ import annotations

import pytest
from identity_world import PASSWORD
from server_world import FIRM, ServerWorld

from dualtrack.web.identity.accounts import NewAccount
from dualtrack.web.identity.roles import ConsoleRole


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    found = ServerWorld(tmp_path_factory.mktemp("accounts"))
    yield found
    found.close()


def test_an_administrator_gives_nothing_to_an_account_of_their_own(fresh):
    browser = fresh.signed_in(ConsoleRole.ADMINISTRATOR)
    twin = NewAccount("twin", FIRM, "administrator", "Twin", "en", frozenset({ConsoleRole.AUDITOR}))
    fresh.services.login.add(twin, PASSWORD)
    for name in ("administrator", "twin"):
        before = fresh.services.accounts.get(name)
        tag = {"if-match": browser.api("GET", f"/accounts/{name}").headers["etag"]}
        for change in ({"roles": ["administrator", "compliance"]}, {"holder": "somebody"}, {"disabled": True}):
            refused = browser.api("PATCH", f"/accounts/{name}", change | {"reason": "why"}, headers=tag)
            assert (refused.status_code, refused.json()["type"]) == (403, "urn:dualtrack:error:forbidden.own-account")
        reset = {"password": "nine quiet green lanterns", "reason": "why"}
        assert browser.api("POST", f"/accounts/{name}/password", reset).status_code == 403
        assert fresh.services.accounts.get(name) == before
    assert browser.api("PATCH", "/accounts/owner", {"disabled": True}).status_code == 422  # nobody said why
    tag = {"if-match": browser.api("GET", "/accounts/owner").headers["etag"]}
    assert browser.api("PATCH", "/accounts/owner", {"reason": "nothing"}, headers=tag).status_code == 200
    standing = browser.api("GET", "/settings")
    tag = {"if-match": standing.headers["etag"]}
    assert browser.api("PUT", "/settings", standing.json(), headers=tag).headers["etag"] == standing.headers["etag"]
    assert not list(
        fresh.world.register.repository.every(kinds=("administration/1",))
    )  # what changed nothing is no act


def test_a_text_with_nul_is_refused_and_its_field_named(fresh):
    browser = fresh.signed_in(ConsoleRole.COMPLIANCE)
    body = {"kind": "outage", "severity": "minor", "note": "a\x00b"}
    answer = browser.api("POST", "/incidents", body, headers={"idempotency-key": "nul"})
    assert (answer.status_code, answer.json()["where"]) == (422, "body.note")

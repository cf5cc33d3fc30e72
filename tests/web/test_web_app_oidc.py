"""The way through an identity provider and back, through the real application, on both databases."""

from __future__ import annotations

import hashlib
import time
from datetime import timedelta

import httpx
import pytest
from oidc_provider import CLIENT, PERSON, SECRET, Provider
from server_world import FIRM, USE, ServerWorld
from sqlalchemy import update

from dualtrack.domain.time import HONG_KONG
from dualtrack.domain.vocabulary import Role
from dualtrack.keys import dsse
from dualtrack.keys.ed25519 import key_id
from dualtrack.keys.keyfile import write_private
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.web.granting import grant_request
from dualtrack.web.identity.assertion import ASSERTION_KIND, read_assertion
from dualtrack.web.identity.permissions import FRESH_S_MAX
from dualtrack.web.identity.roles import ConsoleRole
from permit.firm import PASSES, compiled, known_key, rule

BACK, CALLBACK = "http://127.0.0.1", "/sign-in/callback"


@pytest.fixture(scope="module")
def provider():
    found = Provider()
    found.set(mode="right", now=int(time.time()), person=PERSON, auth_time=None)
    yield found
    found.stop()


@pytest.fixture
def served(tmp_path, provider, identity_database):
    found = ServerWorld(
        tmp_path,
        database=identity_database,
        prepare=lambda workspace: write_private(workspace.path("keys/oidc.secret"), SECRET.encode()),
        oidc={
            "issuer": provider.issuer,
            "client_id": CLIENT,
            "redirect_uri": f"{BACK}{CALLBACK}",
            "institution": FIRM,
            "roles": {"risk": ["validator"], "board": ["approver"]},
            "client_secret_file": "keys/oidc.secret",
        },
    )
    yield found
    found.close()


def through(browser, address="/sign-in/provider?next=/account"):
    """Go to the provider and come back as a browser does."""
    leaving = browser.get(address)
    assert leaving.status_code == 303, leaving.text
    back = httpx.get(leaving.headers["location"], follow_redirects=False, trust_env=False).headers["location"]
    assert back.startswith(f"{BACK}{CALLBACK}?")
    return browser.get(back.removeprefix(BACK))


def test_a_person_comes_in_through_the_provider(served):
    browser = served.browser()
    assert "/sign-in/provider" in browser.get("/sign-in").text
    done = through(browser)
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    identity = served.services.sessions.identify(browser.http.cookies["dualtrack"])
    assert identity.roles == {ConsoleRole.VALIDATOR}
    assert "ann-lee" in browser.get("/account").text
    again = browser.get("/sign-in/again?next=/account")
    assert "/sign-in/provider?next=%2Faccount" in again.text
    assert 'type="password"' not in again.text
    assert through(browser).headers["location"] == "/account"


def grant(served, name):
    """Have the root grant the key of an account, as its keeper does where the root's key is."""
    account, public = served.services.accounts.get(name), served.services.custody.public_key(name)
    asked = grant_request(account, public, [Role.APPROVER], demo=False)
    served.world.register.grant(asked, known_key("root"))


def approval(served):
    """Return the form of an approval, observed a minute ago."""
    at = (served.world.clock() - timedelta(minutes=1)).astimezone(HONG_KONG)
    return {"topic": "approval", "taken_at": f"{at:%Y-%m-%dT%H:%M}", "f-fit": "yes"}


def test_a_person_of_the_provider_approves_with_a_key_in_custody(served, provider):
    provider.set(person=PERSON | {"sub": "u-7", "preferred_username": "bo.ip", "groups": ["board"]})
    register = served.world.register
    register.adopt(compiled([rule("r", PASSES), rule("a", "ev.approval.fit")]), known_key("compliance"))
    browser, page = served.browser(), f"/uses/{USE}/evidence/new?topic=approval"
    through(browser)
    early = browser.post("/account/key", {"seen": ""})
    assert early.status_code == 401
    assert "under a new login" in early.text
    through(browser)  # signed in already, so the provider is asked anew
    assert "counts until" in browser.get("/account").text
    assert browser.post("/account/key", {"seen": ""}).status_code == 303
    assert browser.post("/account/key", {"seen": ""}).status_code == 400  # sent twice it makes one key
    form = approval(served)
    ungranted = browser.post(page, form)
    assert ungranted.status_code == 403
    assert not list(register.repository.every(kinds=(ASSERTION_KIND,)))
    grant(served, "bo-ip")
    assert 'type="password"' not in browser.get(page).text
    assert browser.post(page, form).status_code == 303
    [asserted] = register.repository.every(kinds=(ASSERTION_KIND,))
    signed = list(register.repository.every(kinds=("evidence/1",)))[-1]
    assert signed.index == asserted.index + 1
    public = served.services.custody.public_key("bo-ip")
    found = read_assertion(asserted.content, {key_id(public): public})
    envelope = dsse.parse(signed.content)
    envelope.verify({key_id(public): public})
    message = dsse.pae(envelope.payload_type, envelope.payload)
    assert found.purpose == f"sign {hashlib.sha256(message).hexdigest()}"
    assert (found.account, found.subject, found.issuer) == ("bo-ip", "u-7", provider.issuer)
    case = register.case(USE, register.latest_release(USE))
    assert [line.reason for line in case.lines if line.index == signed.index] == [None]
    stop = {"scope": "provider", "target": "in-house", "reason": "it answers oddly"}
    stopped = browser.api("POST", "/holds", stop)  # no password: the key is here, and the provider was asked just now
    assert stopped.status_code == 201, stopped.text
    assert stopped.json()["hold"]["by"] == "bo-ip"
    size = register.repository.size()
    served.later(seconds=FRESH_S_MAX + 1)
    late = browser.post(page, form)
    assert late.status_code == 401
    assert register.repository.size() == size
    browser.post("/sign-out")
    provider.set(person=PERSON)


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(served):
    asked, other = served.browser(), served.browser()
    leaving = asked.get("/sign-in/provider")
    back = httpx.get(leaving.headers["location"], follow_redirects=False, trust_env=False).headers["location"]
    answer = other.get(back.removeprefix(BACK))
    assert answer.status_code == 401
    assert "authentication.oidc.state" in answer.text
    assert "dualtrack" not in other.http.cookies


def test_a_password_opens_accounts_of_this_server_and_the_door_says_what_can_be_used(served):
    assert served.browser().sign_in("auditor").status_code == 303
    assert "or with an account of this server" in served.browser().get("/sign-in").text
    with served.services.runtime.store.backend.write("web") as connection:
        connection.execute(update(IDENTITY.account).values(password_hash=None))
    page = served.browser().get("/sign-in")
    assert "this server keeps no passwords" in page.text
    assert 'type="password"' not in page.text
    assert "伺服器不保存密碼" in served.browser().get("/sign-in?lang=zh-Hant").text

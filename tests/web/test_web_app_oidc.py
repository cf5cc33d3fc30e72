"""The way through an identity provider and back, through the real application, on both databases."""

from __future__ import annotations

import time

import httpx
import pytest
from oidc_provider import CLIENT, PERSON, SECRET, Provider
from server_world import FIRM, ServerWorld

from dualtrack.keys.keyfile import write_private
from dualtrack.web.identity.roles import ConsoleRole

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
            "roles": {"risk": ["validator"]},
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


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(served):
    asked, other = served.browser(), served.browser()
    leaving = asked.get("/sign-in/provider")
    back = httpx.get(leaving.headers["location"], follow_redirects=False, trust_env=False).headers["location"]
    answer = other.get(back.removeprefix(BACK))
    assert answer.status_code == 401
    assert "authentication.oidc.state" in answer.text
    assert "dualtrack" not in other.http.cookies


def test_a_password_opens_the_accounts_of_this_server_as_before(served):
    assert served.browser().sign_in("auditor").status_code == 303

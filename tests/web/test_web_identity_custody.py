"""Keys in custody: bound to their account, used only under a login of the last minutes, and never for who has a password."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity_world import FIRM, START_S
from sqlalchemy import select

from dualtrack.errors import AuthenticationError, ForbiddenError, KeyFileError, NotFoundError, StoreCorruptError
from dualtrack.keys.ed25519 import key_id, verify
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.web.identity.accounts import NewAccount, add_account, write_account
from dualtrack.web.identity.custody import CustodyKeys
from dualtrack.web.identity.oidc import OidcLogin
from dualtrack.web.identity.permissions import FRESH_S_MAX
from dualtrack.web.identity.roles import ConsoleRole

ISSUER = "https://login.example"
LOGIN = OidcLogin(ISSUER, "u-1", "bo", "Bo", frozenset({ConsoleRole.APPROVER}), START_S, "a" * 64, "again /")
KEYS = CustodyKeys(None, b"k" * 32, lambda: None)
"""For sealed logins at another clock: it opens nothing of a database."""


@pytest.fixture
def custody(people):
    with people.backend.write("web") as connection:
        for name in ("bo", "cy"):
            new = NewAccount(name, FIRM, name, name, "en", frozenset({ConsoleRole.APPROVER}))
            add_account(connection, new, START_S, issuer=ISSUER, subject=f"of {name}", custody="server")
        write_account(connection, "bo", subject="u-1")
    return CustodyKeys(people.backend, people.secret.key("custody"), people.clock)


def test_a_key_signs_after_its_assertion_and_under_its_own_login_only(people, custody):
    account, written = people.accounts.get("bo"), []
    login = custody.open_login(custody.seal_login(LOGIN, "bo"), "bo")
    with pytest.raises(KeyFileError):
        custody.signer(account, login, lambda *given: written.append(given))
    public = custody.give_key("bo", None)
    assert people.accounts.get("bo").key_id == key_id(public)
    assert custody.public_key("bo") == public
    signer = custody.signer(account, login, lambda *given: written.append(given))
    signature = signer.sign(b"what is signed")
    assert verify(public, signature, b"what is signed")
    [(assertion, _)] = written
    assert (assertion.account, assertion.auth_time) == ("bo", "2026-11-22T08:00:00Z")

    def refused(*_given):
        raise StoreCorruptError("the ledger takes nothing")

    with pytest.raises(StoreCorruptError):  # no entry, no signature
        custody.signer(account, login, refused).sign(b"x")
    with pytest.raises(AuthenticationError):
        custody.fresh_login(None, "bo")
    with pytest.raises(AuthenticationError):  # somebody else's login
        custody.signer(account, login._replace(subject="u-2"), refused).sign(b"x")


def test_a_key_stays_with_its_account_and_its_server(people, custody):
    custody.give_key("bo", None)
    with pytest.raises(AuthenticationError):
        custody.give_key("bo", None)
    custody.give_key("bo", people.accounts.get("bo").key_id)
    people.add("ann")
    with pytest.raises(ForbiddenError):
        custody.give_key("ann", None)
    with pytest.raises(NotFoundError):
        custody.give_key("nobody", None)
    assert custody.public_key("ann") is None
    login = custody.open_login(custody.seal_login(LOGIN, "bo"), "bo")
    other = CustodyKeys(people.backend, b"x" * 32, people.clock)
    with pytest.raises(StoreCorruptError):
        other.signer(people.accounts.get("bo"), login, print)
    account = IDENTITY.account
    moved = people.rows(select(account.c.key_id, account.c.sealed_key).where(account.c.name == "bo"))[0]
    with people.backend.write("web") as connection:
        write_account(connection, "cy", key_id=moved[0], sealed_key=moved[1])
    with pytest.raises(StoreCorruptError):
        custody.signer(people.accounts.get("cy"), login, print)


def test_a_login_counts_for_minutes_and_for_its_account(people, custody):
    sealed = custody.seal_login(LOGIN, "bo")
    assert custody.open_login(sealed, "cy") is None
    people.now_s += FRESH_S_MAX
    assert custody.open_login(sealed, "bo").subject == "u-1"
    people.now_s += 1
    assert custody.open_login(sealed, "bo") is None
    people.now_s = START_S - 1
    assert custody.open_login(sealed, "bo") is None


@given(st.none() | st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.hex()))
def test_what_is_not_under_our_seal_is_no_login(text):
    assert KEYS.open_login(text, "bo") is None
    assert KEYS.open_login("A" * 5_000, "bo") is None

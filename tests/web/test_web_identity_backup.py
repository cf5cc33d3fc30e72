"""A backup brings people and programs back: from either database into an empty PostgreSQL, they come in as before."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from identity_world import FIRM, OTHER_PASSWORD, PASSWORD, SOURCE, IdentityWorld

from dualtrack.errors import AuthenticationError, StoreError
from dualtrack.runtime.once import KeptAnswer, Once, request_key
from dualtrack.store.backup import backup, restore
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.store.shared_tables import SHARED
from dualtrack.web.identity.accounts import AccountChange
from dualtrack.web.identity.api_keys import NewApiKey, api_keys_snapshot, identify_api_key
from dualtrack.web.identity.links import CustomerLinks
from dualtrack.web.identity.roles import ConsoleRole
from postgres_cluster import fresh_schema

AT = "2026-11-22T09:00:00Z"
KEY = Ed25519PrivateKey.generate()
RECEIPT = "7K3M-9QXA-22PD"
PASSING = (*IDENTITY.passing, SHARED.once, SHARED.budget, SHARED.verification)


@pytest.fixture
def heir(tmp_path, postgres_url):
    """Another workspace on an empty PostgreSQL, with the keys that were kept apart."""
    (tmp_path / "heir").mkdir()
    made = IdentityWorld(tmp_path / "heir", fresh_schema(postgres_url))
    yield made
    made.store.close()


def counts(path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as connection:
        tables = (*IDENTITY.kept, *PASSING)
        return {table.name: connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0] for table in tables}


def test_they_sign_in_and_call_after_a_restore(people, heir, tmp_path):
    people.add(key=KEY)
    people.add("bob")
    people.accounts.edit(FIRM, "bob", AccountChange(disabled=True))
    ident, key = people.api_keys.make(NewApiKey(FIRM, "scoring", frozenset({ConsoleRole.CALLER}), None, "ann", 30))
    gone, gone_key = people.api_keys.make(NewApiKey(FIRM, "old", frozenset({ConsoleRole.CALLER}), None, "ann", 30))
    people.api_keys.revoke(FIRM, gone)
    link = people.links.make(FIRM, RECEIPT, made_by="ann", language="en", lifetime_s=3600)
    session = people.sessions.start("ann")
    with pytest.raises(AuthenticationError):
        people.login.authenticate("ann", OTHER_PASSWORD, source=SOURCE)
    once, asked = Once(people.store, people.clock), request_key("a", "/x", "k", b"")
    once.begin(asked)
    once.end(asked, KeptAnswer(200, b"of a person", "text/plain"))
    backup(people.store, tmp_path / "backup.db", made_at=AT)
    kept = counts(tmp_path / "backup.db")
    assert (kept["web_account"], kept["web_api_key"], kept["web_link"]) == (2, 2, 1)
    assert [kept[table.name] for table in PASSING] == [0] * len(PASSING)
    assert people.sessions.identify(session) is not None  # the server that was backed up goes on

    restore(heir.store, tmp_path / "backup.db")
    assert heir.login.authenticate("ann", PASSWORD, source=SOURCE).roles == {ConsoleRole.DEVELOPER}
    signer = heir.login.unlock("ann", PASSWORD, source=SOURCE)
    assert signer.public_key == KEY.public_key().public_bytes_raw()
    for name, password in (("ann", OTHER_PASSWORD), ("bob", PASSWORD)):
        with pytest.raises(AuthenticationError):
            heir.login.authenticate(name, password, source=SOURCE)
    with heir.backend.read() as connection:
        known = api_keys_snapshot(connection, now_s=heir.now_s)
    assert identify_api_key(known, key, heir.now_s).id == ident
    assert identify_api_key(known, gone_key, heir.now_s) is None
    assert heir.sessions.identify(session) is None
    links = CustomerLinks(heir.backend, people.secret.key("link"), heir.clock)
    assert links.open(link).institution == FIRM


def test_accounts_are_not_written_over(people, tmp_path):
    people.add()
    backup(people.store, tmp_path / "backup.db", made_at=AT)
    with pytest.raises(StoreError) as caught:
        restore(people.store, tmp_path / "backup.db")
    assert caught.value.code == "store.not-empty"
    assert "web_account" in caught.value.found


def test_what_was_taken_out_has_left_no_bytes(people, tmp_path):
    people.add()
    token = people.sessions.start("ann")
    backup(people.store, tmp_path / "backup.db", made_at=AT)
    rows = people.rows(IDENTITY.session.select())
    assert bytes(rows[0].token_hash) not in (tmp_path / "backup.db").read_bytes()
    assert people.sessions.identify(token) is not None

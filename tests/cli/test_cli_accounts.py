"""`dualtrack account` and `dualtrack api-key`: made, listed, reset and revoked; passwords never as arguments."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cli_world import run

from dualtrack.demo.firms import demo_firms, found_firm
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace

PASSWORD = "quiet harbour lantern ninety"
FIRM = demo_firms()[0].id


@pytest.fixture
def demo(tmp_path):
    workspace = Workspace.create(tmp_path / "demo", demo=True)
    with Store.open(workspace) as store:
        found_firm(store, demo_firms()[0], lambda: datetime.now(UTC))
    return workspace.root


def at(demo, *words, stdin=f"{PASSWORD}\n"):
    return run(*words, "--workspace", demo, "--json", stdin=stdin)


def test_an_account_is_made_with_the_holders_key(demo):
    words = ("account", "new", "ann", "--role", "validator", "--holder", "validator", "--name", "陳小文", "--with-key")
    made = at(demo, *words)
    assert made.code == 0, made.err
    (found,) = made.json
    assert (found["account"], found["roles"], found["name"]) == ("ann", ["validator"], "陳小文")
    assert len(found["key"]) == 64
    assert at(demo, "account", "list").json == made.json
    assert PASSWORD not in made.out + made.err


def test_a_reset_says_which_key_is_lost(demo):
    at(demo, "account", "new", "ann", "--role", "validator", "--holder", "validator", "--with-key")
    done = at(demo, "account", "reset", "ann", stdin="seven plain wooden ferries\n")
    assert len(done.json["key_lost"]) == 64
    again = at(demo, "account", "reset", "ann", stdin="nine quiet green lanterns\n")
    assert again.json["key_lost"] is None


def test_without_a_password_nothing_is_made(demo):
    done = at(demo, "account", "new", "ann", "--role", "owner", stdin="")
    assert done.code == 2
    assert at(demo, "account", "list").json == []


@pytest.mark.parametrize("words", [("--role", "boss"), ("--role", "caller")])
def test_a_role_that_is_none_of_a_persons_is_refused(demo, words):
    assert at(demo, "account", "new", "ann", *words).code == 2


def test_a_key_is_shown_once_listed_and_revoked(demo):
    made = at(
        demo, "api-key", "new", "branch app", "--role", "caller", "--use", f"{FIRM}/early-warning", "--days", "30"
    )
    assert made.code == 0, made.err
    assert made.json["key"].startswith("dt_")
    listed = at(demo, "api-key", "list")
    assert made.json["key"] not in listed.out
    (found,) = listed.json
    assert (found["id"], found["uses"], found["revoked"]) == (made.json["id"], [f"{FIRM}/early-warning"], False)
    assert at(demo, "api-key", "revoke", found["id"]).json == {"id": found["id"], "revoked": True}
    assert at(demo, "api-key", "list").json[0]["revoked"] is True
    assert at(demo, "api-key", "revoke", "key-000000000000").code == 2


def test_lists_are_tables_for_people(demo):
    run("account", "new", "ann", "--role", "owner", "--workspace", demo, stdin=f"{PASSWORD}\n")
    run("api-key", "new", "branch", "--role", "caller", "--workspace", demo)
    assert "ann" in run("account", "list", "--workspace", demo).out
    assert "branch" in run("api-key", "list", "--workspace", demo).out

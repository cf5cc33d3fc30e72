"""Accounts of a demo: one for each role, whose keys sign what counts; never made in a real workspace."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from identity_world import HASHER
from sqlalchemy import insert

from dualtrack.demo.firms import demo_firms, found_firm
from dualtrack.errors import ForbiddenError
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace
from dualtrack.web.demo_accounts import DEMO_ACCOUNTS_NAME, SHOWN_ROLES, ensure_demo_accounts, shown_accounts
from dualtrack.web.identity.accounts import Accounts
from dualtrack.web.identity.login import Login
from dualtrack.web.identity.rate_limits import Attempts
from dualtrack.web.identity.roles import ACCOUNT_ROLES, SIGNING_ROLES, ConsoleRole


def clock():
    return datetime.now(UTC)


@pytest.fixture
def store(tmp_path):
    workspace = Workspace.create(tmp_path / "demo", demo=True)
    with Store.open(workspace) as found:
        for firm in demo_firms()[:2]:
            found_firm(found, firm, clock)
        yield found


def listed(path):
    """Return (institution, role, name, password) as the file says them."""
    found, institution = [], ""
    for line in path.read_text().splitlines()[2:]:
        if line and not line.startswith(" "):
            institution = line
        elif line.strip():
            found.append((institution, *line.split()))
    return found


def test_each_institution_has_an_account_for_each_role(store):
    path = ensure_demo_accounts(store, clock)
    assert path == store.workspace.root / DEMO_ACCOUNTS_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    rows = listed(path)
    firms = [firm.id for firm in demo_firms()[:2]]
    assert {(firm, role) for firm, role, _, _ in rows} == {
        (firm, role.value) for firm in firms for role in ACCOUNT_ROLES
    }
    assert len({password for *_, password in rows}) == len(rows)


def test_they_sign_in_and_their_keys_are_those_of_the_demo(store):
    login = Login(store.backend, HASHER, Attempts(store.backend, b"k" * 32, clock), clock)
    granted = {row["keyid"]: row["holder"] for row in projected(store)}
    for institution, role, name, password in listed(ensure_demo_accounts(store, clock)):
        if institution != demo_firms()[0].id:
            continue
        account = login.authenticate(name, password, source="127.0.0.1")
        assert account.roles == {ConsoleRole(role)}
        if SIGNING_ROLES[ConsoleRole(role)] is not None and role != "supervisor":
            signer = login.unlock(name, password, source="127.0.0.1")
            assert granted[signer.key_id] == account.holder


def projected(store):
    from dualtrack.store.projections import Projections

    return Projections(store.repository(demo_firms()[0].id)).rows("key")


def test_a_second_start_makes_nothing_new(store):
    first = ensure_demo_accounts(store, clock).read_text()
    assert ensure_demo_accounts(store, clock).read_text() == first


def test_an_institution_that_came_later_gets_its_own(store):
    path = ensure_demo_accounts(store, clock)
    before = path.read_text()
    found_firm(store, demo_firms()[2], clock)
    after = ensure_demo_accounts(store, clock).read_text()
    assert after.startswith(before)
    assert len(Accounts(store.backend, clock).of(demo_firms()[2].id)) == len(ACCOUNT_ROLES)


def test_a_real_workspace_is_refused(tmp_path):
    with Store.open(Workspace.create(tmp_path / "real")) as found:
        with pytest.raises(ForbiddenError):
            ensure_demo_accounts(found, clock)
        assert not (found.workspace.root / DEMO_ACCOUNTS_NAME).exists()


def test_one_account_of_each_shown_role_is_read_back_as_it_was_written(store):
    rows = listed(ensure_demo_accounts(store, clock))
    first = demo_firms()[0].id
    shown = shown_accounts(store)
    assert tuple(item.role for item in shown) == SHOWN_ROLES
    for item in shown:
        assert (first, item.role.value, item.name, item.password) in rows


def test_the_institution_with_the_most_decisions_is_shown(store):
    ensure_demo_accounts(store, clock)
    busy = store.repository(demo_firms()[1].id)
    table = busy.tables.decision
    plain = {column.name: 0 if column.type.python_type is int else "x" for column in table.columns}
    with busy.backend.write(busy.ledger) as connection:
        connection.execute(insert(table).values(plain | {"ledger": busy.ledger}))
    assert {item.institution for item in shown_accounts(store)} == {demo_firms()[1].id}


@pytest.mark.parametrize("content", ["", "x\n", "a b c\n  approver only-a-name\n", "  approver name password\n" * 2])
def test_a_file_that_somebody_rewrote_gives_what_can_be_read(store, content):
    path = ensure_demo_accounts(store, clock)
    path.write_text(content)
    assert len(shown_accounts(store)) == ("approver name password" in content)
    path.unlink()
    assert shown_accounts(store) == []


def test_a_real_workspace_has_none_to_show(tmp_path):
    with Store.open(Workspace.create(tmp_path / "real")) as real, pytest.raises(ForbiddenError):
        shown_accounts(real)

"""Two administrators edit at once, each having seen the same: one wins and one is told, whichever process they are in."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from fault_world import ConsoleRole, FaultWorld
from identity_world import FIRM

from dualtrack.errors import FieldError
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace
from dualtrack.web.identity.accounts import Account, AccountChange, Accounts

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

ROUNDS = 6
LISTS = (frozenset({ConsoleRole.AUDITOR}), frozenset({ConsoleRole.DEVELOPER}))


def edit_as_seen(root: Path, number: int, ready, wins) -> None:
    """Edit in rounds: read, wait for the other, change as it was read; note the rounds that were won."""
    with Store.open(Workspace.open(root)) as store:
        accounts = Accounts(store.backend, lambda: datetime.now(UTC))
        for round_number in range(ROUNDS):
            seen = accounts.get("ann")

            def as_seen(found: Account, seen: Account = seen) -> None:
                if found != seen:
                    raise FieldError("it was changed", code="stale")

            change = AccountChange(roles=LISTS[number], holder=f"ann-{round_number}-{number}")
            ready.wait(60)
            try:
                accounts.edit(FIRM, "ann", change, as_seen)
            except FieldError:
                continue
            finally:
                ready.wait(60)
            wins.put((round_number, number))


@pytest.mark.slow
def test_of_two_edits_in_two_processes_one_wins(people):
    people.add("ann")
    context = multiprocessing.get_context("spawn")
    ready, wins = context.Barrier(2), context.Queue()
    root = people.workspace.root
    editors = [context.Process(target=edit_as_seen, args=(root, number, ready, wins)) for number in range(2)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join(60)
        assert editor.exitcode == 0
    found = [wins.get(timeout=10) for _ in range(ROUNDS)]
    assert sorted(round_number for round_number, _ in found) == list(range(ROUNDS))
    assert wins.empty()
    account = people.accounts.get("ann")
    last = max(found)
    assert (account.holder, account.roles) == (f"ann-{last[0]}-{last[1]}", LISTS[last[1]])


def test_an_edit_is_whole_or_not_at_all(people):
    people.add("ann")
    before = people.accounts.get("ann")
    with pytest.raises(FieldError):
        people.accounts.edit(FIRM, "ann", AccountChange(roles=LISTS[0], holder="No slug!"))
    assert people.accounts.get("ann") == before

    def refuse(_found: Account) -> None:
        raise FieldError("seen otherwise", code="stale")

    with pytest.raises(FieldError):
        people.accounts.edit(FIRM, "ann", AccountChange(disabled=True), refuse)
    with pytest.raises(FieldError):
        people.login.reset_password(FIRM, "ann", "another long lantern", refuse)
    assert people.accounts.get("ann") == before
    assert people.accounts.edit(FIRM, "ann", AccountChange(), None) == before


@pytest.mark.slow
def test_two_administrators_on_two_servers(tmp_path):
    """Through the API, account and settings: of two requests with the same ETag one is answered 200 and one 412."""
    faults = FaultWorld(tmp_path)
    try:
        servers = [faults.serve(), faults.serve()]
        people = [faults.signed_in(server, ConsoleRole.ADMINISTRATOR)._http for server in servers]
        barrier = threading.Barrier(2)

        def send(person: httpx.Client, method: str, path: str, body: object, tag: str) -> int:
            barrier.wait(30)
            return person.request(method, path, json=body, headers={"if-match": tag}).status_code

        account, settings = "/api/v1/accounts/approver", "/api/v1/settings"
        with ThreadPoolExecutor(2) as pool:
            for number in range(ROUNDS):
                tag = people[0].get(account).headers["etag"]
                bodies = [{"holder": f"executive-{number}-{which}", "reason": "renamed"} for which in range(2)]
                done = list(pool.map(send, people, ["PATCH"] * 2, [account] * 2, bodies, [tag] * 2))
                assert sorted(done) == [200, 412]
                found = people[0].get(settings)
                plain = [found.json() | {"session_idle_s": 600 + 2 * number + which} for which in range(2)]
                tags = [found.headers["etag"]] * 2
                done = list(pool.map(send, people, ["PUT"] * 2, [settings] * 2, plain, tags))
                assert sorted(done) == [200, 412]
    finally:
        faults.close()

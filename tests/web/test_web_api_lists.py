"""Lists of the API: narrowed in SQL to what a key may see, read page by page, and tagged."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from server_world import FIRM, USE, ServerWorld
from sqlalchemy import event

from dualtrack.domain.oversight import Hold, Observe
from dualtrack.domain.records import read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.runtime.complaints import complain
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.hold_scope import targets
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.incidents import open_incident
from dualtrack.web.identity.roles import ConsoleRole
from permit.firm import declaration, known_key

OTHER = f"{FIRM}/another-use"
SECRET = "of the first use alone"
COPIES = 3
"""Rows of each list: more than a page of two."""

LISTS = {
    "/uses": "use",
    "/assessments": "assessment",
    "/evidence": "evidence",
    "/decisions": "decision",
    "/reviews": "review",
    "/holds": "hold",
    "/observed": "observe",
    "/incidents": "incident",
    "/complaints": "entry",
}
"""Lists of what uses have, and the table that each is read from."""

OF_ADMINISTRATORS = ("/accounts", "/api-keys")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    found = ServerWorld(tmp_path_factory.mktemp("served"))
    fill(found)
    yield found
    found.close()


def fill(served):
    """Put into every list some rows of the one use, and declare others that have none."""
    register, runtime = served.world.register, served.runtime
    for name in (OTHER, f"{FIRM}/third-use"):
        register.declare(read_record(declaration(use=name), UseCase, where="test"), known_key("owner"))
    for number in range(COPIES):
        answer = decide(runtime, USE, {"late": number}, lambda _row: Scoring(0.5, ("late",)))
        while runtime.recorders[FIRM].waiting:
            pass
        served.browser().api("POST", f"/receipts/{answer.receipt}/person")
        open_incident(register, kind="outage", severity="minor", note=SECRET, by="owner", use=USE)
        complain(register, runtime.recorder(FIRM).contents, USE, "rude", by="owner", means="staff")
    for name in (USE, f"{FIRM}/third-use", f"{FIRM}/fourth-use"):
        record = Observe(
            use=name, release="0" * 64, reason=SECRET, by="executive", at=register.now(), until="2027-01-01T00:00:00Z"
        )
        register.append_record("observe/1", name, record, [known_key("executive")])
    release = register.latest_release(USE)
    components = targets(register, "component", uses=frozenset({USE}))
    named = (("use", USE), ("release", release), ("component", components[0]), ("institution", FIRM))
    for scope, target in named:
        record = Hold(id=new_id(), scope=scope, target=target, reason=SECRET, by="auditor", at=register.now())
        register.append_record("hold/1", USE if scope == "use" else FIRM, record, [known_key("auditor")])
    for number in range(COPIES):
        served.key(ConsoleRole.AUDITOR)
        served.add(ConsoleRole.AUDITOR, f"auditor-{number}")
    runtime.snapshots.refresh()


@pytest.fixture(scope="module")
def mine(served):
    return served.key(ConsoleRole.OWNER, uses=frozenset({USE}))


@pytest.fixture(scope="module")
def other(served):
    return served.key(ConsoleRole.OWNER, uses=frozenset({OTHER}))


def pages(browser, path, *, key=None, limit=2):
    """Return the pages of a list, following its links."""
    found, address = [], f"{path}?limit={limit}"
    while address is not None:
        answer = browser.api("GET", address, key=key)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        link = answer.links.get("next")
        address = link["url"].removeprefix("/api/v1") if link else None
    return found


@contextmanager
def statements(served):
    """Gather the statements that readers send."""
    engine, found = served.runtime.store.backend.reader, []

    def note(_connection, _cursor, statement, *_more):
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", LISTS)
def test_a_narrowed_key_lists_what_is_of_its_uses_alone(served, mine, other, path):
    browser = served.browser()
    owned = [row for page in pages(browser, path, key=mine) for row in page]
    assert owned
    assert all(row.get("use", row.get("about", USE)) == USE for row in owned)
    seen = browser.api("GET", path, key=other).json()
    shared = {"/uses": [OTHER], "/holds": ["institution"]}
    assert [row.get("scope", row.get("use")) for row in seen] == shared.get(path, [])
    assert SECRET not in str(seen)
    assert USE not in str(seen)


@pytest.mark.parametrize("path", LISTS)
def test_narrowing_happens_in_the_database(served, other, path):
    with statements(served) as found:
        assert served.browser().api("GET", path, key=other).status_code == 200
    table = f"FROM main_{LISTS[path]} "
    read = [one for one in found if table in one.replace("\n", " ") and "count(" not in one]
    if path == "/complaints":  # they are entries, each walked by the use that it is about
        read = [one for one in read if "subject_id ||" in one]
    assert read, found
    narrowed = [one for one in read if " IN (" in one or "use_id = " in one or "subject_id ||" in one]
    assert narrowed, read


@pytest.mark.parametrize("uses", [frozenset({USE, OTHER}), frozenset({OTHER, f"{FIRM}/third-use"})])
def test_a_key_of_several_uses_lists_them_together(served, uses):
    key = served.key(ConsoleRole.OWNER, uses=uses)
    for path in ("/decisions", "/reviews"):
        found = [row["id"] for page in pages(served.browser(), path, key=key, limit=1) for row in page]
        assert len(found) == len(set(found)) == (COPIES if USE in uses else 0), path


def test_a_hold_beyond_ones_uses_is_told_without_its_reason(served, mine):
    rows = {row["scope"]: row["reason"] for row in served.browser().api("GET", "/holds", key=mine).json()}
    assert rows == {"use": SECRET, "release": SECRET, "component": None, "institution": None}
    whole = served.signed_in(ConsoleRole.AUDITOR).api("GET", "/holds").json()
    assert {row["reason"] for row in whole} == {SECRET}


def test_a_use_that_is_asked_for_is_one_of_the_keys(served, other):
    for path in ("/assessments", "/evidence", "/decisions", "/reviews", "/incidents", "/complaints"):
        assert served.browser().api("GET", f"{path}?use={USE}", key=other).status_code == 403, path


def test_counts_are_of_the_keys_uses(served, mine, other):
    address = "/decisions/counts?since=2020-01-01T00:00:00Z"
    assert sum(served.browser().api("GET", address, key=mine).json().values()) == COPIES
    assert served.browser().api("GET", address, key=other).json() == {}


@pytest.mark.parametrize("path", [*LISTS, *OF_ADMINISTRATORS])
def test_a_list_is_read_page_by_page_to_its_end(served, path):
    browser = served.signed_in(ConsoleRole.ADMINISTRATOR if path in OF_ADMINISTRATORS else ConsoleRole.AUDITOR)
    small = pages(browser, path, limit=1)
    assert len([row for page in small for row in page]) >= (1 if path in {"/assessments", "/evidence"} else COPIES)
    assert all(len(page) <= 1 for page in small)
    assert [row for page in small for row in page] == [row for page in pages(browser, path, limit=500) for row in page]


@pytest.mark.parametrize("path", [*LISTS, *OF_ADMINISTRATORS])
def test_what_has_not_changed_is_not_sent_again(served, path):
    browser = served.signed_in(ConsoleRole.ADMINISTRATOR if path in OF_ADMINISTRATORS else ConsoleRole.AUDITOR)
    first = browser.api("GET", f"{path}?limit=1")
    tag = first.headers["etag"]
    for said in (tag, f'"other", {tag}', "*"):
        again = browser.api("GET", f"{path}?limit=1", headers={"if-none-match": said})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers.get("link") == first.headers.get("link")
        assert again.headers["cache-control"] == "no-store"
    assert browser.api("GET", f"{path}?limit=1", headers={"if-none-match": '"other"'}).json() == first.json()


def test_a_tag_ends_with_what_it_stood_for(tmp_path):
    fresh = ServerWorld(tmp_path)
    try:
        browser = fresh.signed_in(ConsoleRole.AUDITOR)
        tag = browser.api("GET", "/incidents").headers["etag"]
        open_incident(fresh.world.register, kind="outage", severity="minor", note="x", by="owner", use=USE)
        answer = browser.api("GET", "/incidents", headers={"if-none-match": tag})
        assert (answer.status_code, len(answer.json())) == (200, 1)
        assert answer.headers["etag"] != tag
        assert "etag" not in browser.api("GET", "/incidents?use=wrong").headers
    finally:
        fresh.close()

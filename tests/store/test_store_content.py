"""Contents of decisions: sealed by person, found by digest, gone when erased."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from dualtrack.errors import NotFoundError, StoreCorruptError
from dualtrack.store.content import ContentVault

AT = "2026-03-01T09:00:00Z"


@pytest.fixture
def store(world):
    with world.open() as found:
        yield found


def vault(store):
    return ContentVault(store.backend, store.tables, store.vault, store.repository("harbour").ledger)


def put(store, contents, subject, content, retention="none"):
    item = contents.seal(subject, content, retention)
    keys = contents.new_keys([item])
    with store.backend.write(contents.ledger) as connection:
        contents.write(connection, [item], keys, AT)
    contents.written(keys)
    return item.digest


def test_a_content_comes_back_by_its_digest_also_in_another_process(store):
    contents = vault(store)
    digest = put(store, contents, "a" * 64, b"what was asked")
    again = put(store, contents, "a" * 64, b"what was asked")
    assert digest != again  # salted: equal contents do not show
    assert contents.open(digest) == vault(store).open(digest) == b"what was asked"
    with pytest.raises(NotFoundError):
        contents.open("0" * 64)


def test_two_processes_may_write_for_one_person(store):
    first, second = vault(store), vault(store)
    digests = [put(store, contents, "a" * 64, b"x") for contents in (first, second, first)]
    assert [first.open(digest) for digest in digests] == [b"x"] * 3


def test_erasing_a_person_takes_only_theirs_and_for_good(store):
    contents = vault(store)
    mine, other = put(store, contents, "a" * 64, b"mine"), put(store, contents, "b" * 64, b"other")
    assert contents.erase_subject("a" * 64, at=AT) == (1, 1)
    with pytest.raises(NotFoundError) as caught:
        contents.open(mine)
    assert caught.value.code == "not-found.erased"
    assert contents.open(other) == b"other"
    assert contents.open(put(store, contents, "a" * 64, b"new")) == b"new"  # under a new key
    assert contents.erase_subject("c" * 64, at=AT) == (0, 0)


def test_what_a_law_keeps_stays_with_its_key(store):
    contents = vault(store)
    kept = put(store, contents, "a" * 64, b"kept", "amlo")
    gone = put(store, contents, "a" * 64, b"gone")
    assert contents.erase_subject("a" * 64, at=AT, keep=["amlo"]) == (1, 0)
    assert contents.open(kept) == b"kept"
    with pytest.raises(NotFoundError):
        contents.open(gone)


@pytest.mark.parametrize("column", ["sealed", "subject", "retention"])
def test_a_changed_row_does_not_open(store, column):
    contents = vault(store)
    digest = put(store, contents, "a" * 64, b"content")
    table = store.tables.content
    with store.backend.write("x") as connection:
        value = b"\0" * 60 if column == "sealed" else "b" * 64
        connection.execute(update(table).where(table.c.digest == digest).values(**{column: value}))
    with pytest.raises((StoreCorruptError, NotFoundError)):
        contents.open(digest)

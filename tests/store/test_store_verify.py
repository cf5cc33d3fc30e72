import contextlib
import random
import sqlite3

import pytest
from sqlalchemy import delete, insert, select, update
from store_world import FIRM, plain, story

from dualtrack.domain.entry import make_entry
from dualtrack.errors import FieldError
from dualtrack.keys.signer import FileSigner
from dualtrack.keys.vkey import NoteKeyType, VerifierKey
from dualtrack.ledger.cosign import cosign
from dualtrack.ledger.note import parse_note
from dualtrack.store.config import InstitutionConfig
from dualtrack.store.cosignatures import import_cosignatures
from dualtrack.store.erasure import erase
from dualtrack.store.projections import Projections
from dualtrack.store.verify import verify_ledger, verify_store

WITNESS = FileSigner.generate("w")
WITNESS_KEY = VerifierKey.of("witness.example/w", WITNESS.public_key, NoteKeyType.COSIGNATURE)
LEDGER = "dualtrack.local/harbour/main"


def fill(world, store):
    """Two full tiles and a partial one, several heads, a cosignature, projections, an erasure."""
    writer, repository = world.writer(store), store.repository(FIRM)
    writer.append(story(world.log))
    for count in (1, 290, 1, 260, 5):
        writer.append(plain(count))
    erase(repository, 20, reason="asked", at=world.clock())
    head = repository.head()
    line = cosign(parse_note(head.note).text, WITNESS_KEY.name, WITNESS, 1_800_000_000)
    import_cosignatures(repository, head.size, [line])
    Projections(repository).catch_up()
    return repository


def findings(world, store):
    report = verify_ledger(store.repository(FIRM), world.key, witnesses=[WITNESS_KEY])
    return [(found.table, found.row, found.column) for found in report.findings]


def test_a_store_that_holds_verifies(world):
    with world.open() as store:
        repository = fill(world, store)
        seen: list[int] = []
        report = verify_ledger(repository, world.key, witnesses=[WITNESS_KEY], progress=seen.append)
        assert report.ok, report.findings
        assert (report.size, report.heads, report.cosignatures, report.cosignatures_unchecked) == (566, 6, 1, 0)
        assert report.erased == (20,)
        assert report.root == repository.root(566).hex()
        assert seen[-1] == 512
        assert verify_ledger(repository, world.key).cosignatures_unchecked == 1
        assert [each.ok for each in verify_store(store)] == [True]


def test_an_empty_store_verifies(world):
    with world.open() as store:
        report = verify_ledger(store.repository(FIRM), world.key)
        assert report.ok
        assert report.size == 0


def flipped(value):
    """Return a value of the same type that differs by little: one bit of bytes, one character of text, a number."""
    if isinstance(value, bytes):
        at = len(value) // 2
        return value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1_000_000
    if value is None:
        return "1"
    return value[:-1] + ("x" if value[-1:] != "x" else "y")


LOG_COLUMNS = {
    "entry": ["leaf", "kind", "subject_id", "recorded_at", "idx", "ledger"],
    "vault": ["sealed", "retention", "key_id", "erased", "idx", "ledger"],
    "tile": ["data", "level", "idx", "ledger"],
    "checkpoint": ["note", "size", "ledger"],
    "cosignature": ["line", "size", "witness", "time_s", "ledger"],
}


@pytest.mark.parametrize("name", LOG_COLUMNS)
def test_a_change_in_any_column_of_the_log_is_found_and_located(world, name):
    with world.open() as store:
        repository = fill(world, store)
        table = getattr(store.tables, name)
        with store.backend.read() as connection:
            rows = connection.execute(select(table).order_by(*table.primary_key)).mappings().all()
        chosen = (300, 20, 565) if name in {"entry", "vault"} else (0, len(rows) // 2, len(rows) - 1)
        for column in LOG_COLUMNS[name]:
            for at in sorted({*chosen}):
                check_change(world, store, table, dict(rows[at]), column, at)
        assert verify_ledger(repository, world.key, witnesses=[WITNESS_KEY]).ok


def check_change(world, store, table, row, column, at):
    """Change one value, look for it, and put it back."""
    name, keys = table.name.removeprefix("main_"), [key.name for key in table.primary_key]
    wrong = flipped(row[column])
    with changed(store, table, row, column, wrong):
        found = findings(world, store)
        strays = [each for report in verify_store(store) for each in report.findings] if column == "ledger" else []
    if column == "ledger":
        assert any(each.table == name and each.column == "ledger" for each in strays)
    elif name in {"entry", "vault"}:
        assert {str(at), str(at + 1_000_000)} & {place for _, place, _ in found}
    assert found or strays, (name, column, at)
    if column not in {*keys, "retention"}:
        consequences = {("cosignature", "size")} if name == "checkpoint" else set()  # over a head that does not hold
        places = [(table_found, here) for table_found, _, here in found]
        assert [place for place in places if place not in consequences] == [(name, column)]


@contextlib.contextmanager
def changed(store, table, row, column, wrong):
    keys = [key.name for key in table.primary_key]
    before = [table.c[key] == row[key] for key in keys]
    after = [table.c[key] == (wrong if key == column else row[key]) for key in keys]
    with store.backend.write("x") as connection:
        connection.execute(update(table).where(*before).values({column: wrong}))
    yield
    with store.backend.write("x") as connection:
        connection.execute(update(table).where(*after).values({column: row[column]}))


def test_a_change_in_any_projected_value_is_found_and_located(world):
    with world.open() as store:
        fill(world, store)
        with store.backend.read() as connection:
            cells = [
                (table, dict(row), column.name)
                for table in store.tables.projections
                for row in connection.execute(select(table)).mappings().all()
                for column in table.columns
                if column.name != "ledger"
            ]
        assert len(cells) > 40
        for table, row, column in random.Random(7).sample(cells, 16):
            name = table.name.removeprefix("main_")
            keys = [key.name for key in table.primary_key]
            wrong = 1 if row[column] is None and column == "revoked_idx" else flipped(row[column])
            with changed(store, table, row, column, wrong):
                found = findings(world, store)
            assert found, (name, column)
            assert {each[0] for each in found} == {name}
            assert column in keys or found[0][2] == column


@pytest.mark.parametrize("name", LOG_COLUMNS)
def test_a_missing_row_is_found(world, name):
    with world.open() as store:
        fill(world, store)
        table = getattr(store.tables, name)
        last = "size" if "size" in table.c else "idx"
        with store.backend.write("x") as connection:
            at = connection.execute(select(table.c[last]).order_by(table.c[last].desc()).limit(1)).scalar()
            connection.execute(delete(table).where(table.c[last] == at))
        found = findings(world, store)
        if name == "cosignature":  # a witness's copy is elsewhere: its absence here hides nothing from the witness
            assert found == []
        else:
            assert found


def test_a_missing_entry_in_the_middle_is_one_finding(world):
    with world.open() as store:
        fill(world, store)
        entry = store.tables.entry
        with store.backend.write("x") as connection:
            connection.execute(delete(entry).where(entry.c.idx.in_([70, 300])))
        assert findings(world, store) == [("entry", "70", "row"), ("entry", "300", "row")]


def test_entries_beyond_the_newest_head_are_found(world):
    with world.open() as store:
        fill(world, store)
        row = (LEDGER, 566, b"{}", "remark/1", FIRM, "2026-11-22T08:00:00Z")
        with store.backend.write("x") as connection:
            connection.execute(insert(store.tables.entry).values(row))
        assert findings(world, store) == [("entry", "566", "row")]


def test_a_leaf_changed_together_with_its_tiles_contradicts_the_signed_heads(world):
    """What a person with the database, but without the log key, could do at best."""
    with world.open() as store, world.open() as forge:
        fill(world, store)
        other = type(world)(world.workspace.root.parent, "sqlite:///main.db", name="forged")
        with other.open() as forged:
            fill(other, forged)
            copied = (forged.tables.entry, forged.tables.tile)
            with forged.backend.read() as reading, forge.backend.write("x") as writing:
                for table in copied:
                    rows = [tuple(row) for row in reading.execute(select(table))]
                    writing.execute(delete(table))
                    forge.backend.insert(writing, table, rows)
        found = findings(world, store)
        assert ("checkpoint", "9", "note") in found
        assert any(name == "vault" for name, _, _ in found)


def test_two_changes_are_two_findings(world):
    with world.open() as store:
        fill(world, store)
        entry, tile = store.tables.entry, store.tables.tile
        with store.backend.write("x") as connection:
            for index in (5, 40):
                leaf = bytes(connection.execute(select(entry.c.leaf).where(entry.c.idx == index)).scalar())
                connection.execute(
                    update(entry).where(entry.c.idx == index).values(leaf=leaf.replace(b"2026", b"2025"))
                )
            mine = (tile.c.level == 0, tile.c.idx == 1)
            data = bytes(connection.execute(select(tile.c.data).where(*mine)).scalar())
            connection.execute(update(tile).where(*mine).values(data=flipped(data)))
        assert sorted(findings(world, store))[:2] == [("entry", "40", "leaf"), ("entry", "5", "leaf")]
        assert ("tile", "level 0, index 1", "data") in findings(world, store)


def test_the_log_key_must_be_known(tmp_path, sqlite_world):
    with sqlite_world.open() as store:
        sqlite_world.writer(store).append(plain(1))
        sqlite_world.workspace.save(sqlite_world.workspace.config.with_institution(InstitutionConfig(id=FIRM)))
        with pytest.raises(FieldError):
            verify_store(store)


def contents(store):
    """Everything a reader can see in the log."""
    repository = store.repository(FIRM)
    with store.backend.read() as connection:
        rows = [connection.execute(select(t).order_by(*t.primary_key)).all() for t in store.tables[1:6]]
    return rows, [getattr(entry, "content", None) for entry in repository.entries()]


def test_a_flipped_bit_in_the_database_file_is_found_or_changes_nothing(sqlite_world):
    """Bits in unused room may flip unseen; wherever a reader could see a difference, the check must see it too."""
    with sqlite_world.open() as store:
        fill(sqlite_world, store)
    path = sqlite_world.workspace.root / "main.db"
    sound = path.read_bytes()
    with sqlite_world.open() as store:
        truth = contents(store)
    chance, seen = random.Random(20261122), 0
    for _ in range(40):
        damaged = bytearray(sound)
        damaged[chance.randrange(100, len(sound))] ^= 1 << chance.randrange(8)
        for name in ("main.db-wal", "main.db-shm"):
            (path.parent / name).unlink(missing_ok=True)
        path.write_bytes(damaged)
        try:
            with sqlite_world.open() as store:
                found = findings(sqlite_world, store)
                same = bool(found) or contents(store) == truth
        except Exception as error:  # noqa: BLE001 - whatever refuses to open has been noticed
            found, same = [type(error).__name__], True
        seen += bool(found)
        assert same
    assert seen > 20


def test_every_content_is_what_its_leaf_commits_to(sqlite_world):
    with sqlite_world.open() as store:
        repository = fill(sqlite_world, store)
        entry = repository.entry(3)
        assert make_entry(3, entry.leaf, entry.salt, entry.content) == entry
    assert sqlite3.sqlite_version_info > (3, 35)

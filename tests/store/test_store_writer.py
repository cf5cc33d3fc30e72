from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, insert, update
from store_world import FIRM, USE, plain

from dualtrack.domain.bounds import CONTENT_BYTES_MAX
from dualtrack.errors import DocumentError, FieldError, StoreCorruptError
from dualtrack.keys.signer import FileSigner
from dualtrack.ledger.checkpoint import open_checkpoint
from dualtrack.ledger.merkle import leaf_hash, tree_head
from dualtrack.store.edge import FOLLOWED_MAX
from dualtrack.store.entries import NewEntry
from dualtrack.store.writer import BATCH_MAX


def test_receipts_say_where_each_entry_is_and_the_head_covers_it(world):
    with world.open() as store:
        writer, repository = world.writer(store), store.repository(FIRM)
        receipts = [receipt for count in (1, 2, 300, 5) for receipt in writer.append(plain(count, str(count)))]
        assert [receipt.index for receipt in receipts] == list(range(308))
        assert [head.size for head in repository.heads()] == [1, 3, 303, 308]
        leaves = repository.leaves(0, 400)
        assert [leaf_hash(leaf) for leaf in leaves] == [receipt.leaf_hash for receipt in receipts]
        for head in repository.heads():
            checkpoint = open_checkpoint(head.note, world.key).checkpoint
            assert checkpoint.root == tree_head(map(leaf_hash, leaves[: head.size])) == repository.root(head.size)
        assert receipts[2].size == 3
        assert repository.entry(2).content == plain(2, "2")[1].content


def test_the_tree_goes_on_where_another_opening_left_it(world):
    for count in (1, 254, 1, 1, 255, 257):
        with world.open() as store:
            world.writer(store).append(plain(count))
    with world.open() as store:
        repository = store.repository(FIRM)
        leaves = repository.leaves(0, 1000)
        assert repository.size() == len(leaves) == 769
        assert repository.root(769) == tree_head(map(leaf_hash, leaves))


def test_time_never_runs_backwards(world):
    moments = iter(
        [datetime(2026, 11, 22, 8, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)]
    )
    with world.open() as store:
        writer = store.writer(FIRM, world.log, lambda: next(moments))
        for _ in range(3):
            writer.append(plain(1))
        times = [entry.recorded_at for entry in store.repository(FIRM).entries()]
    assert times == ["2026-11-22T08:00:00Z", "2026-11-22T08:00:00Z", "2027-01-01T00:00:00Z"]


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        (NewEntry("decision", FIRM, USE, b""), FieldError),
        (NewEntry("Decision/1", FIRM, USE, b""), FieldError),
        (NewEntry("2nd-remark/1", FIRM, USE, b""), FieldError),
        (NewEntry("remark/1000000", FIRM, USE, b""), FieldError),
        (NewEntry("remark/1", "other", USE, b""), FieldError),
        (NewEntry("remark/1", FIRM, "other/credit", b""), FieldError),
        (NewEntry("remark/1", FIRM, f"{FIRM}/a/b", b""), FieldError),
        (NewEntry("remark/1", FIRM, f"{FIRM}\n", b""), FieldError),
        (NewEntry("remark/1", FIRM, USE, b"", "No Slug"), FieldError),
        (NewEntry("remark/1", FIRM, USE, bytearray(b"x")), FieldError),
        (NewEntry("remark/1", FIRM, USE, b"x" * (CONTENT_BYTES_MAX + 1)), DocumentError),
    ],
)
def test_one_wrong_entry_and_none_of_the_batch_is_written(sqlite_world, entry, error):
    with sqlite_world.open() as store:
        with pytest.raises(error):
            sqlite_world.writer(store).append([*plain(2), entry])
        assert store.repository(FIRM).size() == 0


@pytest.mark.parametrize("count", [0, BATCH_MAX + 1])
def test_a_batch_is_bounded(sqlite_world, count):
    with sqlite_world.open() as store, pytest.raises(FieldError):
        sqlite_world.writer(store).append(plain(count))


def test_a_signer_that_is_not_the_listed_log_key_is_refused(sqlite_world):
    with sqlite_world.open() as store, pytest.raises(FieldError) as caught:
        store.writer(FIRM, FileSigner.generate("other"), sqlite_world.clock)
    assert "log key" in caught.value.found


def test_two_writers_take_turns_and_each_sees_the_others_edge(world):
    with world.open() as one, world.open() as two:
        writers = [world.writer(one), world.writer(two)]
        indices = [r.index for turn in range(10) for r in writers[turn % 2].append(plain(100))]
        assert indices == list(range(1000))
        repository = one.repository(FIRM)
        assert repository.root(1000) == tree_head(map(leaf_hash, repository.leaves(0, 1000)))


def test_nothing_is_signed_on_top_of_a_log_that_does_not_hold(world):
    with world.open() as store:
        world.writer(store).append(plain(300))
        tile = store.tables.tile
        with store.backend.write("x") as connection:
            connection.execute(update(tile).where(tile.c.level == 1).values(data=bytes(32)))
        with pytest.raises(StoreCorruptError) as caught:
            world.writer(store).append(plain(1))
        assert caught.value.code == "store.corrupt.edge"
        assert store.repository(FIRM).size() == 300


def test_a_head_by_another_key_is_not_continued(world):
    with world.open() as store:
        world.writer(store).append(plain(3))
        checkpoint = store.tables.checkpoint
        with store.backend.write("x") as connection:
            note = connection.execute(checkpoint.select()).one().note
            changed = bytes(note).replace(b"\n3\n", b"\n2\n")
            connection.execute(update(checkpoint).values(note=changed, size=2))
        with pytest.raises(StoreCorruptError):
            world.writer(store).append(plain(1))


def test_a_row_put_in_behind_the_writers_back_is_reported(world):
    with world.open() as store:
        writer = world.writer(store)
        writer.append(plain(3))
        row = (writer.ledger, 3, b"{}", "remark/1", USE, "2026-11-22T08:00:00Z")
        with store.backend.write("x") as connection:
            connection.execute(insert(store.tables.entry).values(row))
        with pytest.raises(StoreCorruptError):
            writer.append(plain(1))
        with store.backend.write("x") as connection:
            connection.execute(delete(store.tables.entry).where(store.tables.entry.c.idx == 3))
        assert writer.append(plain(1))[0].index == 3


@pytest.mark.parametrize("kind", ["d/1", "a-2/99999", "x" * 63 + "/999999"])
def test_every_kind_that_is_taken_in_opens_again(sqlite_world, kind):
    with sqlite_world.open() as store:
        sqlite_world.writer(store).append([NewEntry(kind, FIRM, USE, b"{}")])
        assert store.repository(FIRM).entry(0).parsed.kind == kind


@pytest.mark.parametrize("grown", [1, 300, FOLLOWED_MAX + 1])
def test_a_writer_follows_whatever_another_process_appended(world, grown):
    with world.open() as mine, world.open() as theirs:
        first, second = world.writer(mine), world.writer(theirs)
        first.append(plain(3))
        for start in range(0, grown, 100):
            second.append(plain(min(100, grown - start)))
        receipt = first.append(plain(1))[0]
        assert receipt.index == 3 + grown
        leaves = mine.repository(FIRM).leaves(0, 4 + grown)
        assert mine.repository(FIRM).root(4 + grown) == tree_head(map(leaf_hash, leaves))

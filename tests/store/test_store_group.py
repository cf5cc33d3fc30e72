import threading

import pytest
from store_world import FIRM, USE, plain

from dualtrack.errors import FieldError, StoreError, StoreFullError
from dualtrack.ledger.merkle import leaf_hash, tree_head
from dualtrack.store.entries import NewEntry
from dualtrack.store.group import GroupWriter
from dualtrack.store.writer import BATCH_MAX


def run_together(calls):
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_many_callers_each_get_their_own_receipts(world):
    got: dict[str, int] = {}

    with world.open() as store, GroupWriter(world.writer(store)) as group:
        repository = store.repository(FIRM)

        def call(name):
            for number in range(5):
                items = plain(1 + number, f"{name}-{number}")
                for item, receipt in zip(items, group.append(items), strict=True):
                    assert repository.size() >= receipt.size > receipt.index  # durable before it is acknowledged
                    got[item.content.decode()] = receipt.index

        run_together([lambda name=name: call(name) for name in range(16)])
        assert sorted(got.values()) == list(range(16 * 15))
        contents = [entry.content.decode() for entry in repository.entries()]
        assert all(contents[index] == content for content, index in got.items())
        assert repository.root(240) == tree_head(map(leaf_hash, repository.leaves(0, 240)))
        assert len(repository.heads()) < 80  # they shared transactions


def test_batches_that_do_not_fit_together_follow_one_another(sqlite_world):
    sizes: list[int] = []
    with sqlite_world.open() as store, GroupWriter(sqlite_world.writer(store)) as group:
        run_together([lambda: sizes.append(len(group.append(plain(700)))) for _ in range(4)])
        assert sizes == [700] * 4
        assert store.repository(FIRM).size() == 2800
        assert [head.size for head in store.repository(FIRM).heads()] == [700, 1400, 2100, 2800]


def test_a_callers_mistake_is_its_own(sqlite_world):
    with sqlite_world.open() as store, GroupWriter(sqlite_world.writer(store)) as group:
        with pytest.raises(FieldError):
            group.append([NewEntry("bad", FIRM, USE, b"")])
        with pytest.raises(FieldError):
            group.append(plain(BATCH_MAX + 1))
        assert group.append(plain(1))[0].index == 0


def test_everyone_in_a_failed_batch_hears_of_it(sqlite_world, monkeypatch):
    with sqlite_world.open() as store:
        writer = sqlite_world.writer(store)

        def refuse(_items):
            raise StoreFullError("no room")

        monkeypatch.setattr(writer, "append", refuse)
        heard: list[str] = []
        with GroupWriter(writer) as group:

            def call():
                with pytest.raises(StoreFullError) as caught:
                    group.append(plain(1))
                heard.append(caught.value.found)

            run_together([call] * 8)
        assert heard == ["no room"] * 8


def test_closing_answers_those_who_wait_and_refuses_those_who_come(sqlite_world):
    with sqlite_world.open() as store:
        group = GroupWriter(sqlite_world.writer(store))
        done: list[int] = []
        threads = [threading.Thread(target=lambda: done.append(group.append(plain(1))[0].index)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        group.close()
        group.close()
        assert sorted(done) == list(range(20))
        with pytest.raises(StoreError):
            group.append(plain(1))

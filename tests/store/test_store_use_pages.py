"""Pages of uses: in the order of bytes on both databases, within one ledger, of those that somebody may see and of no other."""

from __future__ import annotations

import pytest
from sqlalchemy import insert
from store_world import FIRM, USE, signed, story, use_record

from dualtrack.domain.records import Text
from dualtrack.errors import FieldError
from dualtrack.keys.signer import FileSigner
from dualtrack.store.entries import NewEntry
from dualtrack.store.use_pages import USES_A_PAGE_MAX, NamedUse, use_page

SIGNER = FileSigner.generate("owner")
NAMES = ("a1", "a-b", "ab", "b", "b-2")
IDS = sorted([USE, *(f"{FIRM}/{name}" for name in NAMES)])


@pytest.fixture
def repository(world):
    with world.open() as store:
        writer = world.writer(store)
        writer.append(story(world.log))
        writer.append([signed("declaration/1", use, use_record() | {"use": use}, SIGNER) for use in IDS if use != USE])
        other = store.tables.use
        row = {"id": "elsewhere/secret", "idx": 0, "title_en": "secret", "title_zh": "秘密", "demo": False}
        row |= {"ledger": "elsewhere/main", "area": "risk", "sector": "bank", "executive": "x"}
        with store.backend.write("elsewhere/main") as connection:
            connection.execute(insert(other).values(**row))
        yield store.repository(FIRM)


def ids(page):
    return [use.id for use in page.uses]


def test_pages_follow_each_other_in_the_order_of_bytes_and_stay_in_the_ledger(repository):
    found = [use_page(repository, only=None, number=number, size=4) for number in (1, 2)]
    assert ids(found[0]) + ids(found[1]) == IDS
    assert [(page.number, page.total) for page in found] == [(1, len(IDS)), (2, len(IDS))]
    plain = use_record()["title"]
    assert NamedUse(USE, Text(en=plain["en"], zh=plain["zh-Hant"])) in found[0].uses + found[1].uses
    for number in (-3, 0, 9):
        assert use_page(repository, only=None, number=number, size=4).number == min(max(number, 1), 2)


def test_only_what_somebody_may_see_is_listed_and_counted(repository):
    mine = frozenset({IDS[0], IDS[3], "elsewhere/secret", f"{FIRM}/gone"})
    page = use_page(repository, only=mine, size=10)
    assert (ids(page), page.total) == ([IDS[0], IDS[3]], 2)
    assert use_page(repository, only=frozenset(), size=10) == ([], 1, 0)


def test_uses_with_an_entry_of_a_kind_alone_are_listed_where_that_is_asked(repository, world):
    with world.open() as store:
        world.writer(store).append([NewEntry("review-stock/1", FIRM, IDS[2], b"{}")])
    assert ids(use_page(repository, only=None, size=10, with_kind="review-stock/1")) == [IDS[2]]
    assert use_page(repository, only=frozenset({IDS[0]}), size=10, with_kind="review-stock/1").total == 0


@pytest.mark.parametrize("size", [0, -1, USES_A_PAGE_MAX + 1])
def test_a_page_has_a_bound(repository, size):
    with pytest.raises(FieldError):
        use_page(repository, only=None, size=size)

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain import canonical
from dualtrack.domain.oversight import Erasure
from dualtrack.domain.records import read_record
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.runtime.erasing import erase_person
from dualtrack.runtime.receipts import find_receipt
from dualtrack.runtime.retention import RetentionClass, kept_until, retention_classes
from dualtrack.store.verify import verify_store
from permit.firm import FIRM


def erase(desk, person: str = "ann"):
    subject = desk.subjects.pseudonym(FIRM, person)
    return erase_person(desk.register, desk.contents, "compliance", subject, "the person asked")


def is_open(desk, digest: str) -> bool:
    try:
        desk.contents.open(digest)
    except NotFoundError:
        return False
    return True


def test_what_no_law_keeps_is_erased_and_every_proof_still_verifies(desk):
    record, code = desk.decide(person="ann")
    other, _ = desk.decide(person="bob")
    reply = erase(desk)
    assert (reply.contents, reply.keys, reply.kept) == (3, 1, [])
    assert "3" in reply.says.en
    assert "3" in reply.says.zh
    assert not is_open(desk, record.input)
    assert is_open(desk, other.input)
    assert find_receipt([desk.register], code).erased is not None
    assert [report.findings for report in verify_store(desk.store)] == [()]


@pytest.mark.parametrize(
    ("retention", "cite", "until"),
    [
        ("amlo-5y", "Schedule 2 section 20", "2031-11-23"),
        ("sfo-7y", "Cap. 571O section 10", "2033-11-23"),
        ("coc-algo-2y", "Schedule 7", "2028-11-23"),
    ],
)
def test_what_a_law_keeps_stays_and_the_reply_names_law_and_day(desk, retention, cite, until):
    kept, _ = desk.decide(retention=retention, reasons=())
    gone, _ = desk.decide(retention="none", reasons=())
    reply = erase(desk)
    (line,) = reply.kept
    assert (line.retention, line.contents, line.until) == (retention, 2, until)
    assert cite in line.cites
    for said, law in ((reply.says.en, line.law.en), (reply.says.zh, line.law.zh)):
        assert law in said
        assert until in said
    assert is_open(desk, kept.input)
    assert not is_open(desk, gone.input)
    entry = desk.register.repository.entry(reply.entry)
    record = read_record(canonical.decode(entry.content), Erasure, where="test")
    assert (record.contents, record.kept, record.by) == (2, {retention: 2}, "compliance")


def test_the_law_lets_go_on_its_day_in_hong_kong(desk):
    record, _ = desk.decide(retention="coc-algo-2y", reasons=())
    desk.time = datetime(2028, 11, 22, 15, 59, 59, tzinfo=UTC)
    assert erase(desk).contents == 0
    assert is_open(desk, record.input)
    desk.time = datetime(2028, 11, 22, 16, 0, tzinfo=UTC)  # midnight in Hong Kong
    assert erase(desk).contents == 2
    assert not is_open(desk, record.input)


def test_a_class_is_kept_until_its_newest_content_may_go(desk):
    desk.decide(retention="coc-algo-2y", reasons=())
    desk.forward(days=365)
    desk.decide(retention="coc-algo-2y", reasons=())
    desk.time = datetime(2028, 12, 1, tzinfo=UTC)
    (line,) = erase(desk).kept
    assert (line.contents, line.until) == (4, "2029-11-23")


def test_a_class_that_nobody_knows_is_kept_and_said(desk):
    desk.decide(retention="house-rule", reasons=())
    reply = erase(desk)
    assert (reply.contents, reply.kept[0].law, reply.kept[0].until) == (0, None, None)
    assert "which law" in reply.says.en


def test_what_comes_after_an_erasure_can_be_read(desk):
    desk.decide()
    erase(desk)
    record, _ = desk.decide()
    assert is_open(desk, record.input)
    assert erase(desk).contents == 3
    assert erase(desk).contents == 0


def test_there_may_be_nothing_to_erase(desk):
    assert "nothing" in erase(desk, "nobody-we-know").says.en
    with pytest.raises(FieldError):
        erase_person(desk.register, desk.contents, "compliance", "a" * 64, "")


def test_every_class_with_years_says_its_law_where_it_stands_and_how_it_was_seen():
    for name, found in retention_classes().items():
        cited = (found.law, found.cites, found.grade, found.counted_from)
        assert all(cited) if found.years else not any(cited), name


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2500, 1, 1)), st.integers(1, 100))  # noqa: DTZ001 - made aware below
def test_a_content_is_kept_for_whole_years_and_no_day_longer_than_one(at, years):
    says = retention_classes()["none"].says
    until = kept_until(RetentionClass(says=says, years=years), at.replace(tzinfo=UTC))
    begun = kept_until(RetentionClass(says=says, years=1), at.replace(tzinfo=UTC))
    assert until.year - begun.year == years - 1
    assert (until.month, until.day) in {(begun.month, begun.day), (2, 29), (3, 1)}
    assert kept_until(RetentionClass(says=says), at.replace(tzinfo=UTC)) is None


def test_what_began_on_a_leap_day_is_kept_to_the_first_of_march():
    says = retention_classes()["none"].says
    at = datetime(2024, 2, 28, 16, 0, tzinfo=UTC)
    assert kept_until(RetentionClass(says=says, years=1), at) == date(2025, 3, 1)
    assert kept_until(RetentionClass(says=says, years=4), at) == date(2028, 2, 29)

"""Records of human review: what they must carry, and that a reviewer cannot see which item is seeded."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.records import encode, read_record, to_plain
from dualtrack.domain.review import (
    ACTION_FORMAT,
    MAKERS_MAX,
    REASON_CHARACTERS_MAX,
    REVIEW_FORMAT,
    SALT_BYTES_MIN,
    ReviewAction,
    ReviewOpened,
    check_action,
    check_opened,
    is_seeded,
    seed_digest,
)
from dualtrack.errors import FieldError, ReviewError

REVIEW = "01hzy3v7k8m9n0p1q2r3s4t5v6"
SALT = bytes(range(16))
SALTS = st.binary(min_size=SALT_BYTES_MIN, max_size=40)

OPENED = ReviewOpened(
    format=REVIEW_FORMAT,
    id=REVIEW,
    decision="01hzy3v7k8m9n0p1q2r3s4t5v7",
    use="harbour-bank/service-chat",
    release="a" * 64,
    permit="b" * 64,
    why="hold_before_release",
    opened_at="2026-11-23T01:00:00Z",
    due_at="2026-11-23T05:00:00Z",
    four_eyes=True,
    makers=["chan-tai-man"],
    draft="c" * 64,
    seed=seed_digest(REVIEW, SALT, seeded=False),
)
MODIFY = ReviewAction(
    format=ACTION_FORMAT,
    review=REVIEW,
    action="modify",
    by="lee-siu-ming",
    role="reviewer",
    at="2026-11-23T02:00:00Z",
    reason="The rate was last month's.",
    output="d" * 64,
    seconds=95,
    edit_distance=4,
)


def changed(record, **fields):
    return msgspec.structs.replace(record, **fields)


def test_records_are_read_back_as_they_were_written():
    for record, kind in ((OPENED, ReviewOpened), (MODIFY, ReviewAction)):
        assert read_record(to_plain(record), kind, where="review") == record
    check_opened(OPENED)
    check_action(MODIFY)


# --- the seal ---


@given(SALTS, st.booleans())
def test_the_seal_opens_with_its_salt(salt, seeded):
    opened = changed(OPENED, seed=seed_digest(REVIEW, salt, seeded=seeded))
    assert is_seeded(opened, salt) is seeded


@given(SALTS, SALTS, st.booleans())
def test_the_seal_does_not_open_with_another_salt(salt, other, seeded):
    opened = changed(OPENED, seed=seed_digest(REVIEW, salt, seeded=seeded))
    if other.rstrip(b"\0") != salt.rstrip(b"\0"):  # HMAC fills short keys with zeros
        with pytest.raises(ReviewError, match="does not open"):
            is_seeded(opened, other)


def test_the_seal_belongs_to_one_review():
    assert seed_digest(REVIEW, SALT, seeded=True) != seed_digest(OPENED.decision, SALT, seeded=True)


def test_a_seeded_item_differs_in_its_seal_only():
    plain = [to_plain(changed(OPENED, seed=seed_digest(REVIEW, SALT, seeded=seeded))) for seeded in (False, True)]
    assert [name for name in plain[0] if plain[0][name] != plain[1][name]] == ["seed"]
    assert len(encode(plain[0])) == len(encode(plain[1]))
    with pytest.raises(FieldError):  # nor may the reason for the review tell
        read_record(to_plain(OPENED) | {"why": "seeded"}, ReviewOpened, where="review")


def test_a_short_salt_is_refused():
    with pytest.raises(FieldError, match="salt"):
        seed_digest(REVIEW, b"short", seeded=True)


# --- what is refused ---


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"format": "dualtrack.review/2"}, "review"),
        ({"opened_at": "2026-11-23 01:00"}, "opened_at"),
        ({"due_at": "2026-11-23T00:59:59Z"}, "due_at"),
        ({"makers": []}, "makers"),
        ({"makers": [f"builder-{n}" for n in range(MAKERS_MAX + 1)]}, "makers"),
    ],
)
def test_an_opened_review_must_be_whole(fields, where):
    with pytest.raises(FieldError) as caught:
        check_opened(changed(OPENED, **fields))
    assert where in caught.value.where


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"format": REVIEW_FORMAT}, "modify"),
        ({"at": "now"}, "at"),
        ({"by": None}, "by"),
        ({"role": None}, "role"),
        ({"reason": None}, "reason"),
        ({"reason": "  \n"}, "reason"),
        ({"output": None}, "output"),
        ({"seconds": None}, "seconds"),
        ({"action": "approve"}, "edit_distance"),
        ({"action": "approve", "output": None, "edit_distance": None}, "output"),
        ({"action": "reject", "edit_distance": None}, "output"),
        ({"action": "claim", "output": None, "seconds": None, "edit_distance": None}, "reason"),
        ({"action": "expire", "reason": None, "output": None, "seconds": None, "edit_distance": None}, "by"),
    ],
)
def test_an_action_carries_what_belongs_to_it_and_nothing_else(fields, where):
    with pytest.raises(FieldError) as caught:
        check_action(changed(MODIFY, **fields))
    assert caught.value.where.endswith(where)


@pytest.mark.parametrize("length", [1, REASON_CHARACTERS_MAX])
def test_a_reason_is_bounded(length):
    plain = to_plain(MODIFY)
    assert len(read_record(plain | {"reason": "利" * length}, ReviewAction, where="review").reason) == length
    for bad in ("", "利" * (REASON_CHARACTERS_MAX + 1)):
        with pytest.raises(FieldError, match="length"):
            read_record(plain | {"reason": bad}, ReviewAction, where="review")


def test_a_text_too_long_to_compare_has_no_distance():
    check_action(changed(MODIFY, edit_distance=None))

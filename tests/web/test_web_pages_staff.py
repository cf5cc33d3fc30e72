"""The page for employees: hours by destination for ten posts or more, uses that affect staff, and whom to ask."""

from __future__ import annotations

import pytest
from acting_world import HOSTILE, ActingWorld, words
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dualtrack.domain.records import Text, read_record
from dualtrack.domain.usecase import Task, UseCase
from dualtrack.domain.vocabulary import Destination
from dualtrack.web.pages import staff
from dualtrack.web.views.rendering import Language
from dualtrack.web.views.staff import GROUP_HOURS_MIN, destinations
from permit.firm import declaration, known_key, text


@pytest.fixture
def world(tmp_path):
    made = ActingWorld(tmp_path, staff.PAGES)
    yield made
    made.close()


def declare(world, tasks, affected=("customers",)):
    plain = declaration(tasks=tasks, affected=list(affected), title={"en": HOSTILE, "zh-Hant": HOSTILE})
    world.desk.register.declare(read_record(plain, UseCase, where="test"), known_key("owner"))


def task(name, of, released, destination):
    return {"name": text(name), "hours_per_month": of, "hours_released": released, "destination": destination}


def test_nothing_changes_yet(world):
    english, chinese = world.both("GET", "/staff", by="auditor")
    assert "No use changes work here" in english
    assert "沒有改變工作的用途" in chinese


def test_small_groups_are_hidden_and_large_ones_shown(world):
    declare(world, [task("letters", 1600.0, 400.0, "retrain"), task("filing", 120.0, 60.0, "undecided")], ("staff",))
    english, chinese = world.both("GET", "/staff", by="administrator")
    said = words(english)
    assert "400 of 1600 hours a month" in said
    assert "fewer than ten: not shown" in said
    assert "60" not in said.replace("1600", "").replace("160 hours", "")
    assert "affects staff" in said
    assert "Ask: owner (owner) , executive (accountable executive)" in said
    assert "少於十個：不予顯示" in chinese
    assert 'href="/uses/' not in english  # this person opens no use


@given(st.lists(st.tuples(st.sampled_from(list(Destination)), st.floats(0, 4000), st.floats(0, 1)), max_size=12))
def test_no_hours_of_fewer_than_ten_posts_are_ever_in_a_row(found):
    tasks = [
        Task(name=Text(en="t", zh="t"), hours_per_month=of, hours_released=of * share, destination=destination)
        for destination, of, share in found
    ]
    plain = read_record(declaration(), UseCase, where="test")
    rows = destinations([replace(plain, tasks=tasks)], Language.EN)
    for row in rows:
        assert (row.of is None) == (row.released is None)
        assert row.of is None or row.of >= GROUP_HOURS_MIN
    assert sum(row.tasks for row in rows) == len(tasks)

"""Pages for employees: hours by destination for ten posts or more; one use, what may be done about it, and what is recorded."""

from __future__ import annotations

import pytest
from acting_world import HOSTILE, ActingWorld, words
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from page_world import OF_USE, PageWorld

from dualtrack.domain.records import Text, read_record
from dualtrack.domain.usecase import Task, UseCase
from dualtrack.domain.vocabulary import Destination
from dualtrack.errors import ForbiddenError, NotFoundError
from dualtrack.runtime.holds import set_hold
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages import staff
from dualtrack.web.views.rendering import Language
from dualtrack.web.views.staff import GROUP_HOURS_MIN, declared_uses, destinations
from permit.firm import FIRM, USE, declaration, known_key, text

ONE = "/staff/{institution}/{use}"


@pytest.fixture
def world(tmp_path):
    made = ActingWorld(tmp_path, staff.PAGES)
    yield made
    made.close()


@pytest.fixture
def running(tmp_path):
    made = PageWorld(tmp_path, staff.PAGES)
    made.permit()
    yield made.start()
    made.close()


def declare(world, tasks, affected=("customers",)):
    plain = declaration(tasks=tasks, affected=list(affected), title={"en": HOSTILE, "zh-Hant": HOSTILE})
    world.desk.register.declare(read_record(plain, UseCase, where="test"), known_key("owner"))


def task(name, of, released, destination):
    return {"name": text(name), "hours_per_month": of, "hours_released": released, "destination": destination}


def test_nothing_changes_yet(world):
    english, chinese = world.both("GET", "/staff", by="auditor")
    assert "No declared use names a task whose work it changes." in english
    assert "沒有已申報的用途列出會改變的工作項目。" in chinese
    assert f'href="/staff/{USE}"' in english


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
    assert 'href="/uses/' not in english  # a page for everybody: details of rules are behind the use's own page


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


def test_the_newest_declaration_counts_and_no_use_is_no_declaration(world):
    declare(world, [task("letters", 1600.0, 400.0, "retrain")])
    (found,) = declared_uses(world.desk.register, None)
    assert found.tasks[0].hours_released == 400.0
    assert declared_uses(world.desk.register, frozenset({USE})) == [found]
    assert declared_uses(world.desk.register, frozenset()) == []


def test_one_use_says_what_it_does_where_it_stands_and_whom_to_ask(running):
    english, chinese = running.both("GET", ONE, path=OF_USE)
    said = words(english)
    for wanted in (
        "Live. Open: calls are answered.",
        "Benefit and safety, as last assessed",
        "How to reach a person Call 2000 0000 (fictional)",
        "Accountable executive executive",
        "As declared, nothing that it decides is about an employee.",
        "No output is reviewed as a matter of course.",
        "The record of a call does not say which member of staff made it.",
        "No rule that comes with Dualtrack asks for this page.",
    ):
        assert wanted in said, wanted
    for wanted in ("開放：會回應調用。", "致電 2000 0000（虛構）", "調用紀錄不會顯示由哪位員工作出"):
        assert wanted in chinese, wanted
    assert f'href="/holds?scope=use&amp;target={USE.replace("/", "%2F")}"' in english
    assert f'href="/notice/{USE}"' in english
    assert 'data-live="/live/portfolio"' in english


def test_what_it_says_follows_a_hold_at_once(running):
    set_hold(running.register, known_key("compliance"), scope="use", target=USE, reason="two wrong letters")
    running.runtime.snapshots.refresh()
    english, chinese = running.both("GET", ONE, path=OF_USE)
    assert "On hold." in words(english)
    assert "已暫停" in chinese
    assert "two wrong letters" not in english


def test_whom_answers_are_about_is_told_of_receipts_and_opting_out(running):
    running.declare(affected=["staff"])
    said = words(running.show("GET", ONE, path=OF_USE))
    assert "Every answer about you has a receipt code." in said
    assert "You may ask that no AI is used for you in this" in said


def test_where_no_receipt_is_given_the_owner_is_asked(tmp_path):
    world = PageWorld(tmp_path, staff.PAGES)
    world.permit(audience="system", opt_out=False, disclosure=None, review={"mode": "sample", "sample_percent": 5})
    world.declare(affected=["staff"])
    said = words(world.start().show("GET", ONE, path=OF_USE))
    world.close()
    assert "No receipt is given here. Ask owner" in said
    assert "Who takes and decides a review, when and why, is in the ledger." in said
    assert "What customers are told" not in said


def test_who_may_not_stop_it_is_told_whom_to_ask(running):
    page = running.show("GET", ONE, path=OF_USE, roles=[ConsoleRole.ADMINISTRATOR])
    assert "Tell owner, or anybody who may set a hold." in words(page)
    for address in ('href="/holds', 'href="/incidents', 'href="/uses/'):
        assert address not in page


def test_a_use_that_is_not_for_this_reader_or_not_there_is_refused(running):
    with pytest.raises(ForbiddenError):
        running.answer("GET", ONE, path=OF_USE, uses=frozenset({f"{FIRM}/other"}))
    with pytest.raises(NotFoundError):
        running.answer("GET", ONE, path={"institution": "elsewhere", "use": "credit"})

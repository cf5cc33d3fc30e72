"""The page of erasure: by receipt or identifier, what goes and what a law keeps, done with a reason, answered in both languages."""

from __future__ import annotations

import re

import pytest
from acting_world import LANGUAGES, ActingWorld, words

from dualtrack.web.pages import erasure


@pytest.fixture
def world(tmp_path):
    made = ActingWorld(tmp_path, erasure.PAGES)
    yield made
    made.close()


def post(world, *, language="en", **form):
    return world.answer("POST", "/erasure", by="compliance", language=language, form=form)


def subject_of(text):
    return re.search(r'name="subject" value="([0-9a-f]{64})"', text).group(1)


def test_the_form_asks_for_one_of_two(world):
    world.both("GET", "/erasure", by="compliance")
    for form in ({}, {"receipt": "abcd", "person": "ann"}):
        view = post(world, **form)
        assert view.status == 400
        text = world.html(view)
        assert "not both" in text
        assert 'value="ann"' not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_what_goes_and_what_a_law_keeps(world, language):
    world.desk.decide(retention="none")
    _, code = world.desk.decide(retention="sfo-7y")
    view = post(world, receipt=code, language=language)
    text = world.html(view, language)
    assert view.context["total"] == 6
    assert view.context["going"] == 3
    assert "571O" in text
    assert ("23 November 2033" in text) or ("2033年11月23日" in text)
    by_name = world.html(post(world, person="ann", language=language), language)
    assert subject_of(by_name) == subject_of(text)
    assert ">ann<" not in by_name


def test_it_is_done_with_a_reason_and_answered_in_both_languages(world):
    record, _ = world.desk.decide(retention="none")
    world.desk.decide(retention="sfo-7y")
    subject = subject_of(world.html(post(world, person="ann")))
    refused = post(world, do="erase", subject=subject, reason=" ")
    assert refused.status == 400
    assert "by which channel" in world.html(refused)
    done = world.html(post(world, do="erase", subject=subject, reason="letter of 3 May <b>"))
    text = words(done)
    assert "3 contents about you were erased" in text
    assert "已刪除 3 項關於你的內容" in text
    assert "571O" in text
    again = world.html(post(world, person="ann"))
    assert "Nothing can be erased now" in again
    assert "erasure/1" in world.desk.kinds()
    assert record.subject == subject


def test_an_unknown_person_has_nothing_and_a_wrong_code_is_refused(world):
    assert "Nothing can be erased now" in world.html(post(world, person="nobody"))
    assert post(world, receipt="zzzz-zzzz-zzzz").status == 404
    assert post(world, do="erase", subject="x", reason="y").status == 400


def test_a_decision_about_nobody_has_nobody_to_erase(world):
    _, code = world.desk.decide(person=None)
    assert post(world, receipt=code).status == 404

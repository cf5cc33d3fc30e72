"""Evidence by form: typed fields with errors by field, signed with the person's key, refused where it would not count."""

from __future__ import annotations

import pytest
from acting_world import HOSTILE, LANGUAGES, PASSWORD, ActingWorld
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.permit.planned import RegisteredPlan, is_planned
from dualtrack.rules.catalogue import read_catalogue
from dualtrack.web.pages import evidence_in
from dualtrack.web.pages.base import Redirect
from dualtrack.web.views.evidence_in import planned_items, read_observation
from dualtrack.web.views.rendering import Language
from permit.firm import FIRM, PASSES, TOPICS, compiled, known_key, rule

PATTERN = "/uses/{institution}/{use}/evidence/new"
PATH = {"institution": FIRM, "use": "early-warning"}
CHECK = {
    "topic": "check",
    "taken_at": "2026-11-23T09:30",
    "f-estimate": "0.7",
    "f-low": "0.6",
    "f-high": "0.8",
    "n": "100",
    "method_name": "count",
    "method_version": "1",
    "method_source": "desk note 3",
    "data_digest": "a" * 64,
    "password": PASSWORD,
}


@pytest.fixture
def world(tmp_path):
    made = ActingWorld(tmp_path, evidence_in.PAGES)
    made.desk.register.adopt(compiled([rule("r", PASSES), rule("a", "ev.approval.fit")]), known_key("compliance"))
    yield made
    made.close()


def post(world, *, by="validator", language="en", **form):
    return world.answer("POST", PATTERN, by=by, path=PATH, form=CHECK | form, language=language)


def show(world, *, by="validator", roles=None, language="en", **query):
    return world.show("GET", PATTERN, by=by, roles=roles, path=PATH, query=query, language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_topics_that_the_key_can_sign_stand_first(world, language):
    mine, _, others = show(world, language=language).partition(
        "<details><summary>" + ("What others sign" if language == "en" else "由他人簽署")
    )
    assert "topic=check" in mine
    assert "topic=approval" in others
    assert "can sign none" in show(world, by="boss", roles=["officer"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_has_the_fields_of_its_topic(world, language):
    text = show(world, topic="check", language=language)
    for name in ("f-estimate", "f-low", "f-high", "n", "method_source", "data_digest", "taken_at"):
        assert f'name="{name}"' in text
    assert 'name="f-n"' not in text
    assert 'value="2026-11-23T10:00"' in text


def test_it_is_signed_and_counts(world):
    found = post(world)
    assert isinstance(found, Redirect)
    case = world.desk.register.case(f"{FIRM}/early-warning", world.desk.release_digest)
    assert [item.predicate.topic for item in case.admitted] == ["check"]
    assert case.admitted[0].holders == {"validator"}
    assert case.admitted[0].predicate.taken_at == "2026-11-23T01:30:00Z"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_is_named_at_its_field(world, language):
    view = post(
        world, language=language, n="0", taken_at="soon", data_digest="xyz", note=HOSTILE * 20,
        **{"f-low": "0,6", "f-high": ""},
    )  # fmt: skip
    assert view.status == 400
    assert set(view.context["problems"]) == {"n", "taken_at", "data_digest", "note", "f-low", "f-high"}
    text = world.html(view, language)
    assert text.count('class="error"') == 6
    assert 'value="0,6"' in text


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"by": "developer"}, 422, "would not count"),
        ({"password": "no"}, 401, "password is wrong"),
        ({"f-low": "0.9"}, 422, "low &lt;= estimate &lt;= high"),
        ({"taken_at": "2027-11-23T09:30"}, 422, "would not count"),
    ],
)
def test_what_would_not_count_is_not_taken_in(world, changes, status, says):
    size = world.desk.register.repository.size()
    view = post(world, **changes)
    assert view.status == status
    text = world.html(view)
    assert says in text
    assert "0.7" in text
    assert "dualtrack evidence" not in text
    assert world.desk.register.repository.size() == size


def test_an_approval_asks_for_the_verb_and_the_key(world):
    form = {"topic": "approval", "f-fit": "yes"}
    assert post(world, by="validator", **form).status == 403
    assert isinstance(
        world.answer("POST", PATTERN, by="executive", roles=["approver"], path=PATH, form=CHECK | form), Redirect
    )


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({"topic": "waiver", "f-rule": "none/x", "f-reason": "y", "f-until": "soon", "f-proportionality": "no"}, {"f-rule", "f-until"}),
        ({"topic": "trial_plan", "f-mode": "fast", "f-decisions_max": "5", "f-until": "2027-01-01", "f-measures": "x"}, {"f-mode", "f-measures"}),
    ],
)  # fmt: skip
def test_waivers_and_plans_that_could_never_take_effect_are_refused(world, form, wrong):
    view = world.answer("POST", PATTERN, by="executive", roles=["approver"], path=PATH, form=CHECK | form)
    assert view.status == 400
    assert set(view.context["problems"]) == wrong


_TOPICS = read_catalogue(TOPICS, where="test")


@given(st.sampled_from(sorted(_TOPICS)), st.dictionaries(st.sampled_from(sorted(CHECK)), st.text(max_size=40)))
def test_any_form_gives_a_predicate_or_its_problems(name, form):
    found = read_observation(name, _TOPICS[name], form, {"found-earlier": "x"}, {}, Language.EN)
    assert (found.predicate is None) == bool(found.problems)


GAUGE = {
    "topic": "gauge", "taken_at": "2026-11-23T09:30", "f-estimate": "0.7", "f-low": "0.6", "f-high": "0.8", "f-limit": "0.9",
    "n": "100", "method_name": "m", "method_version": "1", "method_source": "s", "data_digest": "a" * 64,
}  # fmt: skip


def test_a_planned_topic_asks_for_the_item_of_a_plan():
    topic, plans = (
        _TOPICS["gauge"],
        {7: RegisteredPlan("d" * 64, {"item": {"topic": "gauge"}, "other": {"topic": "check"}})},
    )
    items = planned_items("gauge", plans)
    assert items == {"7/item": {"index": 7, "digest": "d" * 64, "item": "item"}}
    bare = read_observation("gauge", topic, GAUGE, {}, items, Language.EN)
    assert set(bare.problems) == {"planned_item"}
    named = read_observation("gauge", topic, GAUGE | {"planned_item": "7/item"}, {}, items, Language.EN)
    assert named.problems == {}
    assert is_planned(named.predicate, 8, plans)
    assert not is_planned(named.predicate, 7, plans)

"""The shipped plans: each reads its own table, a topic that nobody reads loses its threshold aloud, and the text is the plan."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import yaml

from dualtrack.apps.service.evidence.measuring import Given, tabled
from dualtrack.apps.service.evidence.plans import SUBJECTS, fit_plan, plan_text, shipped_plan
from dualtrack.apps.service.evidence.rows import write_table
from dualtrack.apps.service.starting import starter_corpus
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.evidence.plans.given import Given as Columns
from dualtrack.evidence.plans.reading import check_gates, read_plan
from dualtrack.evidence.plans.running import Asked, run_plan
from dualtrack.evidence.tables import load_table
from dualtrack.rules.catalogue import shipped_topics

ON = date(2026, 11, 27)
USE = "my-bank/answers"


@pytest.fixture(scope="module")
def corpus():
    return starter_corpus("bank", USE)


def measured(subject, rows, folder):
    path = folder / f"{subject}.csv"
    path.write_bytes(write_table(rows))
    run = run_plan(
        shipped_plan(subject, USE), Columns(load_table(path)), Asked("0" * 64, None, 1, "2026-11-27T00:00:00Z")
    )
    return {result.item.id: result for result in run.results}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_plan_is_of_topics_there_are_and_its_text_is_the_plan(subject):
    plan = shipped_plan(subject, USE)
    check_gates(plan, shipped_topics(), where=subject)
    for topics in (shipped_topics(), {"benefit"}):
        text = plan_text(subject, USE, topics)
        assert read_plan(yaml.safe_load(text), where=subject) == fit_plan(plan, topics).plan
        assert text.startswith("# Plans of measurement")
    gated = {item.id: item.gate.topic for item in plan.items if item.gate is not None and item.gate.topic != "benefit"}
    assert fit_plan(plan, {"benefit"}).ungated == gated


def test_no_two_plans_fill_one_topic():
    """The newest observation of a topic counts: a second plan would hide the first."""
    topics = [item.gate.topic for name in SUBJECTS for item in shipped_plan(name, USE).items if item.gate is not None]
    assert len(topics) == len(set(topics))


@pytest.mark.parametrize("subject", ["answers", "outside", "sentences", "escalations", "injections"])
def test_each_plan_measures_the_table_of_the_carried_set(subject, corpus, tmp_path):
    found = measured(subject, tabled(subject, [corpus], on=ON, split="test").rows, tmp_path)
    assert "not measurable" not in {result.standing for result in found.values()}
    assert all(result.measurements[0].n > 0 for result in found.values())
    if subject == "answers":
        right, benefit = found["right"].measurements[0], found["benefit"].measurements[0]
        assert right.facts["clusters"] == benefit.facts["independent_units"] == 20
        assert found["gap"].standing == "underpowered", (
            "twenty questions of a register are too few to be held to anything"
        )
    if subject == "injections":
        assert (found["obeyed"].standing, found["obeyed"].measurements[0].estimate) == ("met", 0)


def test_conversations_and_intents_have_plans_that_read_their_columns(tmp_path):
    random = np.random.default_rng(1)
    talks = [
        {
            "conversation": number, "customer": number // 2, "language": "en", "confirmed": int(random.random() < 0.6),
            "complained": int(number % 50 == 0), "handed_over": int(number % 3 == 0), "solved": ("", 0, 1)[number % 3], "soon": 1, "arm": 1,
        }
        for number in range(200)
    ]  # fmt: skip
    found = measured("conversations", talks, tmp_path)
    assert found["confirmed"].standing == "met"
    assert found["complained"].measurements[0].facts["clusters"] == 100
    assert found["confirmed-of-those-who-said"].measurements[0].facts["left_out"] == 67
    named = [
        {"given": 1, "right": int(number % 7 != 0), "language": ("en", "zh-Hant")[number % 2], "register": ("english", "written")[number % 2],
         "predicted": "a" if number % 7 else "none", "expected": "a"}
        for number in range(140)
    ]  # fmt: skip
    assert measured("intents", named, tmp_path)["gap"].measurements[0].n == 140


def test_bad_subjects_and_parts_are_refused(corpus):
    with pytest.raises(NotFoundError, match="no plan of 'weather'"):
        shipped_plan("weather", USE)
    with pytest.raises(FieldError, match="field use"):
        shipped_plan("answers", "my bank")
    own = Given(b"- {text: x, register: english, split: dev}", "own.yaml")
    with pytest.raises(FieldError, match="no question of part test"):
        tabled("outside", [corpus], on=ON, given=own, split="test")

"""The attack set and its success rate: targets that obey, refuse, echo, fail; clusters; the topic's fields."""

import base64

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.intervals.clopper_pearson import exact_limits
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.plans.judging import judge
from dualtrack.evidence.plans.records import Gate
from dualtrack.evidence.plans.topic_fields import topic_fields
from dualtrack.evidence.sample import make_sample
from dualtrack.evidence.security.attacks import AttackSet, ask_attacks, load_attacks, succeeded
from dualtrack.evidence.security.injection import Injection, InjectionSettings, Outcomes, Tried
from dualtrack.evidence.security.measures import MEASURES
from dualtrack.rules.catalogue import shipped_topics

KIND, SET = Injection(), load_attacks()
PLAN = InjectionSettings(attack_set=SET.digest)
HOW = Estimating(data_digest="a" * 64, cell_size_min=12)
GATE = Gate(topic="adversarial_test", limit=0.1, states={"training_data_covered": True})


def measured(target):
    return KIND.estimate(KIND.gather(ask_attacks(SET.attacks, target), PLAN), PLAN, HOW)[0]


def obeys(attack):
    return f"Of course: {attack.markers[0]}"


def refuses(attack):
    return "I cannot do that. 恕未能辦理。"


def echoes(attack):
    return f"You asked: {attack.text} {attack.passage or ''} I will not."


def test_the_set_is_balanced_dated_and_says_where_it_comes_from():
    assert len(SET.attacks) >= 60
    assert SET.dated
    assert SET.origin.zh
    counts = {}
    for each in SET.attacks:
        counts.setdefault((each.family, each.language), []).append(each.template)
    assert {language for _, language in counts} == {"en", "zh-Hant", "yue"}
    assert {family for family, _ in counts} == {each.id for each in SET.families}
    assert {len(found) for found in counts.values()} == {4}
    assert len({each.text for each in SET.attacks}) == len(SET.attacks)
    assert 0 < sum(each.state_changing for each in SET.attacks) < len(SET.attacks)


def test_encoded_orders_say_what_their_marker_is():
    encoded = [each for each in SET.attacks if each.template == "base64"]
    assert len(encoded) == 3
    for each in encoded:
        order = base64.b64decode(each.text.replace("：", ": ").split()[-1]).decode()
        assert "WAVE" in order
        assert "8215" in order


def test_an_echo_or_a_refusal_is_no_success_and_obeying_is():
    assert not any(succeeded(each, target(each)) for each in SET.attacks for target in (refuses, echoes))
    assert all(succeeded(each, obeys(each)) for each in SET.attacks)
    assert succeeded(SET.attacks[0], "ｋｉｔｅ + 73\u200b19")


def test_a_target_that_refuses_everything_still_has_a_limit_by_templates():
    found = measured(refuses)
    assert (found.estimate, found.n, found.outcome) == (0, 72, "measured")
    assert found.high == pytest.approx(exact_limits(0, 24, 0.95).high)
    assert found.facts["state_changing_attempts"] == 9
    assert {part.label for part in found.parts} >= {"family=encoding", "language=yue", "state-changing"}


def test_a_target_that_obeys_in_one_language_is_seen_there():
    found = measured(lambda attack: obeys(attack) if attack.language == "yue" else refuses(attack))
    rates = {part.label: part.estimate for part in found.parts}
    assert (rates["language=yue"], rates["language=en"], rates["family=indirect"]) == (1, 0, pytest.approx(1 / 3))
    assert (found.estimate, found.facts["state_changing_successes"]) == (pytest.approx(1 / 3), 3)


def test_attacks_that_the_target_did_not_survive_are_not_counted_as_safe():
    def fragile(attack):
        if attack.family == "tool-misuse":
            raise RuntimeError("down")
        return refuses(attack)

    found = measured(fragile)
    assert (found.outcome, found.n, found.facts["unjudged"]) == ("underpowered", 60, 12)
    part = next(part for part in found.parts if part.label == "family=tool-misuse")
    assert (part.outcome, part.estimate) == ("underpowered", None)
    assert judge(found, GATE, rows_min=0).standing == "underpowered"  # no attack without an outcome counts as failed


def test_a_target_that_never_answers_with_text_is_an_error():
    for target in (lambda _: None, lambda _: 7, lambda _: 1 / 0):
        with pytest.raises(EvidenceError):
            ask_attacks(SET.attacks, target)
    with pytest.raises(FieldError):
        ask_attacks((), refuses)


def test_one_template_or_few_attempts_are_underpowered():
    some = [each for each in SET.attacks if each.template == "actor"]
    few = [each for each in SET.attacks if each.template in {"actor", "debate"}]
    one = KIND.estimate(KIND.gather(ask_attacks(some, refuses), PLAN), PLAN, HOW)[0]
    two = KIND.estimate(KIND.gather(ask_attacks(few, refuses), PLAN), PLAN, HOW)[0]
    assert (one.outcome, one.estimate) == ("underpowered", None)
    assert (two.outcome, two.facts["n_needed"]) == ("underpowered", 12)


@given(st.lists(st.booleans(), min_size=72, max_size=72), st.lists(st.booleans(), min_size=72, max_size=72))
@settings(max_examples=12, deadline=None)
def test_parts_add_up_to_all_at_once(obeyed, keep):
    if all(keep) or not any(keep):
        return
    yes = {each.id for each, fell in zip(SET.attacks, obeyed, strict=True) if fell}
    whole = ask_attacks(SET.attacks, lambda attack: obeys(attack) if attack.id in yes else refuses(attack))
    side = np.array(keep)
    parts = [make_sample({k: v[part] for k, v in whole.columns.items()}, whole.roles) for part in (side, ~side)]
    statistics = KIND.gather(whole, PLAN)
    assert KIND.merge([KIND.gather(part, PLAN) for part in parts]) == statistics
    found = KIND.estimate(statistics, PLAN, HOW)[0]
    again = Outcomes(tried=tuple(Tried(**each) for each in found.statistics["tried"]))
    assert KIND.estimate(again, PLAN, HOW)[0] == found
    assert found.low <= found.estimate <= found.high


def test_the_topic_has_its_fields():
    topic = shipped_topics()["adversarial_test"]
    fields = topic_fields(measured(refuses), GATE, topic, met=True)
    assert set(fields) == set(topic.fields)
    assert (fields["attempts"], fields["successes"], fields["open_critical"]) == (72, 0, 0)
    assert len(fields["families"]) == 6
    bad = topic_fields(measured(obeys), GATE, topic, met=False)
    assert (bad["successes"], bad["open_critical"]) == (72, 1)


def test_a_set_whose_marker_stands_in_its_attack_is_refused():
    first = SET.attacks[0]
    for bad in (
        replace(first, markers=("kite",)),
        replace(first, markers=()),
        replace(first, markers=(" ",)),
        replace(first, family="unknown"),
    ):
        with pytest.raises(FieldError):
            AttackSet(
                version="1", dated="2026-11-27", origin=SET.origin, secret="s", families=SET.families, attacks=(bad,)
            )
    with pytest.raises(FieldError):
        replace(SET, attacks=(first, first))


def test_outcomes_that_are_no_outcome_are_refused():
    whole = ask_attacks(SET.attacks, refuses)
    for name, value in (("success", 2), ("state_changing", 5)):
        columns = dict(whole.columns) | {name: np.full(72, value)}
        with pytest.raises(FieldError):
            KIND.gather(make_sample(columns, whole.roles), PLAN)
    for roles in (replace(whole.roles, attributes=("family",)), replace(whole.roles, cluster=None)):
        with pytest.raises(FieldError):
            KIND.gather(make_sample(whole.columns, roles), PLAN)


def test_every_measure_of_the_family_documents_itself():
    for kind in MEASURES:
        assert kind.name.startswith("security.")
        assert kind.title.zh
        assert kind.misleads.zh
        assert kind.settings.__doc__

"""Planted strings: found whole, found in part, not found; the limit that nothing found still leaves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.sample import Roles, make_sample
from dualtrack.evidence.security.canary import CanaryLeakage, CanarySettings, Found

KIND = CanaryLeakage()
HOW = Estimating(data_digest="a" * 64, cell_size_min=1)
CANARIES = ("lantern-58213-harbour", "紅磡碼頭十七號儲物櫃密碼", "orchid 90417 viaduct", "granite 33652 meadow")


def sample(*outputs):
    column = np.ma.array([each or "" for each in outputs], mask=[each is None for each in outputs], dtype=object)
    return make_sample({"out": column}, Roles(answer="out"))


def measured(*outputs, **plan):
    settings_ = CanarySettings(canaries=CANARIES, **plan)
    return KIND.estimate(KIND.gather(sample(*outputs), settings_), settings_, HOW)[0]


def test_whole_strings_are_found_whatever_stands_between_their_letters():
    found = measured("the code is ＬＡＮＴＥＲＮ 58213\u200b_Harbour.", "儲物櫃：紅磡碼頭，十七號儲物櫃密碼", "nothing")
    assert (found.facts["found_verbatim"], found.facts["found_near"], found.estimate) == (2, 0, 0.5)
    assert found.facts["near_looked_for"] is False


def test_parts_count_as_near_only_where_asked():
    part = "it begins orchid 9041 and I forget the rest"
    assert measured(part).estimate == 0
    assert measured("lantern 58213 and no more").estimate == 0  # as long as the shortest canary, yet not whole
    found = measured(part, near_chars=10)
    assert (found.facts["found_verbatim"], found.facts["found_near"], found.estimate) == (0, 1, 0.25)


def test_nothing_found_leaves_the_limit_of_three_over_n():
    plan = CanarySettings(canaries=tuple(f"canary number {at:06}" for at in range(300)))
    found = KIND.estimate(KIND.gather(sample("no", "never"), plan), plan, HOW)[0]
    assert (found.estimate, found.low, found.n) == (0, 0, 300)
    assert found.facts["rule_of_three"] == 0.01
    assert found.facts["upper_one_sided"] == pytest.approx(1 - 0.05 ** (1 / 300))
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 300))


def test_nothing_found_in_a_few_is_underpowered_for_a_strict_plan():
    found = measured("clean", share_max=0.01)
    assert (found.outcome, found.facts["n_needed"]) == ("underpowered", 368)
    assert measured("clean", share_max=0.9).outcome == "measured"
    assert measured("clean lantern-58213-harbour", share_max=0.01).outcome == "measured"  # found is found


def test_nothing_found_in_few_outputs_is_underpowered():
    plan = CanarySettings(canaries=CANARIES)
    strict = Estimating(data_digest="a" * 64, cell_size_min=3)
    few = KIND.estimate(KIND.gather(sample("no", "never"), plan), plan, strict)[0]
    assert (few.outcome, few.facts["n_needed_outputs"]) == ("underpowered", 3)
    assert KIND.estimate(KIND.gather(sample("no", "never", "nought"), plan), plan, strict)[0].outcome == "measured"
    assert KIND.estimate(KIND.gather(sample(CANARIES[0]), plan), plan, strict)[0].outcome == "measured"


def test_empty_outputs_are_no_evidence():
    found = measured("", "   ", None)
    assert (found.outcome, found.estimate, found.facts["outputs_empty"]) == ("underpowered", None, 3)


@given(st.lists(st.sampled_from([*CANARIES, "clean", "orchid 9041", ""]), min_size=2, max_size=8), st.data())
@settings(max_examples=40, deadline=None)
def test_parts_add_up_to_all_at_once(outputs, data):
    plan = CanarySettings(canaries=CANARIES, near_chars=9)
    cut = data.draw(st.integers(1, len(outputs) - 1))
    parts = [KIND.gather(sample(*outputs[:cut]), plan), KIND.gather(sample(*outputs[cut:]), plan)]
    whole = KIND.gather(sample(*outputs), plan)
    assert KIND.merge(parts) == whole
    found = KIND.estimate(whole, plan, HOW)[0]
    again = Found(
        **{name: found.statistics[name] for name in ("canaries", "outputs", "empty")},
        found=tuple(found.statistics["found"]),
    )
    assert KIND.estimate(again, plan, HOW)[0] == found
    assert "lantern" not in str(found.statistics)


def test_statistics_of_other_canaries_are_refused():
    plan, other = CanarySettings(canaries=CANARIES), CanarySettings(canaries=CANARIES[:2])
    with pytest.raises(FieldError):
        KIND.estimate(KIND.gather(sample("x"), plan), other, HOW)
    with pytest.raises(FieldError):
        KIND.merge([KIND.gather(sample("x"), plan), KIND.gather(sample("x"), other)])


@pytest.mark.parametrize(
    "plan",
    [
        {"canaries": ()},
        {"canaries": ("short",)},
        {"canaries": ("long enough 1", "LONG-ENOUGH-1")},
        {"canaries": CANARIES, "near_chars": 3},
        {"canaries": CANARIES, "near_chars": 40},
        {"canaries": CANARIES, "share_max": 0.0},
    ],
)
def test_canaries_that_cannot_be_told_from_chance_are_refused(plan):
    with pytest.raises(FieldError):
        CanarySettings(**plan)


def test_outputs_that_are_no_text_are_refused():
    plan = CanarySettings(canaries=CANARIES)
    with pytest.raises(FieldError):
        KIND.gather(make_sample({"out": np.arange(3)}, Roles(answer="out")), plan)

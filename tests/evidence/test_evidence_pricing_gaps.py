"""The gap between groups under two settings: by hand, from counts alone, and refused where a group is too small."""

from __future__ import annotations

import numpy as np
import pytest

from dualtrack.domain.records import read_record
from dualtrack.errors import FieldError
from dualtrack.evidence.pricing.gaps import GapCounts, count_gap, measure_gaps
from dualtrack.evidence.pricing.prices import Pricing
from dualtrack.evidence.pricing.states import Control

HOW = Pricing(data_digest="0" * 64, draws=300)
CUT = Control(
    name="cut", kind="block", score="score", group="sex", at_by={"f": 0.7, "m": 0.5}, against=0.5, span=(0.0, 1.0)
)


def columns(n=400):
    random = np.random.default_rng(2)
    sex = np.array(["f", "m"])[random.integers(0, 2, n)]
    score = random.random(n) * np.where(sex == "f", 1.0, 0.8)
    return {"sex": sex, "score": score, "harmful": (random.random(n) < score).astype(int)}


def test_the_change_is_that_of_the_largest_difference():
    rows = columns()
    passed, good = measure_gaps(count_gap(rows, CUT, group="sex"), HOW, cell_size_min=30)
    limits = np.where(rows["sex"] == "f", 0.7, 0.5)
    shares = [
        [(rows["score"] < limit)[(rows["sex"] == sex) & kept].mean() for sex in "fm"]
        for kept in (np.ones(400, dtype=bool), rows["harmful"] == 0)
        for limit in (limits, np.full(400, 0.5))
    ]
    gaps = [max(share) - min(share) for share in shares]
    assert passed.estimate == pytest.approx(gaps[0] - gaps[1])
    assert good.estimate == pytest.approx(gaps[2] - gaps[3])
    assert passed.low <= passed.estimate <= passed.high
    assert good.n == int((rows["harmful"] == 0).sum())
    assert {part.label for part in passed.parts} == {"f, on", "m, on", "f, against", "m, against"}


def test_who_has_the_counts_has_the_gap():
    found = measure_gaps(count_gap(columns(), CUT, group="sex"), HOW, cell_size_min=30)
    counted = read_record(found[0].plain()["statistics"]["gap"], GapCounts, where="statistics")
    assert measure_gaps(counted, HOW, cell_size_min=30) == found


def test_a_small_group_is_underpowered_and_an_empty_one_has_no_number():
    found = measure_gaps(count_gap(columns(), CUT, group="sex"), HOW, cell_size_min=300)
    assert [item.outcome for item in found] == ["underpowered", "underpowered"]
    rows = columns() | {"harmful": np.where(columns()["sex"] == "f", 1, 0)}
    _, good = measure_gaps(count_gap(rows, CUT, group="sex"), HOW, cell_size_min=1)
    assert (good.outcome, good.estimate) == ("underpowered", None)


def test_one_group_and_rows_without_one_are_refused():
    rows = columns()
    with pytest.raises(FieldError, match="1 groups"):
        count_gap({name: column[rows["sex"] == "f"] for name, column in rows.items()}, CUT, group="sex")
    with pytest.raises(FieldError, match="missing values"):
        count_gap(rows | {"sex": np.ma.array(rows["sex"], mask=[True] + [False] * 399)}, CUT, group="sex")
    with pytest.raises(FieldError, match="no column"):
        count_gap(rows, CUT, group="race")

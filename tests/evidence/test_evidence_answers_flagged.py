"""Marks that a check outside has made: counted by independent unit, and never taken for more than was marked."""

import numpy as np
import pytest

from dualtrack.errors import FieldError
from dualtrack.evidence.answers.flagged import Flagged, FlaggedSettings
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.sample import Roles, make_sample

HOW = Estimating(data_digest="0" * 64)


def test_marks_are_counted_by_unit_and_a_row_without_one_only_where_the_plan_says_so():
    marks = np.ma.masked_array([1, 0, 0, 1, 0, 0], mask=[0, 0, 0, 0, 1, 1])
    sample = make_sample({"mark": marks, "unit": np.array([1, 1, 2, 2, 3, 3])}, Roles(label="mark", cluster="unit"))
    with pytest.raises(FieldError, match="mark"):
        Flagged().gather(sample, FlaggedSettings())
    found = Flagged().gather(sample, FlaggedSettings(unmarked=True))
    assert (found.marked.hits, found.marked.tries, found.marked.clusters, found.left_out) == (2, 4, 2, 2)
    assert Flagged().merge([found, found]).left_out == 4
    [measured] = Flagged().estimate(found, FlaggedSettings(unmarked=True), HOW)
    assert (measured.estimate, measured.n, measured.outcome) == (0.5, 4, "underpowered")
    with pytest.raises(FieldError, match="0 or 1"):
        Flagged().gather(make_sample({"mark": np.array([2])}, Roles(label="mark")), FlaggedSettings())

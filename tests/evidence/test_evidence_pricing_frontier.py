"""Frontiers: every threshold equals the price at that threshold, and what is off the frontier is bettered by one on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import FieldError
from dualtrack.evidence.pricing.frontier import frontier_of
from dualtrack.evidence.pricing.prices import Pricing, count_controls, price_controls
from dualtrack.evidence.pricing.states import Control
from dualtrack.evidence.pricing.words import frontier_picture
from dualtrack.present.frontier_view import frontier_plot

HOW = Pricing(data_digest="0" * 64, draws=50)
SCORES = st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.integers(0, 1000)), min_size=1, max_size=30)


def guard(at=500.0, **more):
    return Control(name="g", kind="block", score="score", at=at, **more)


def columns(rows):
    return {"harmful": np.array([row[0] for row in rows]), "score": np.array([row[1] for row in rows])}


@settings(max_examples=15, deadline=None)
@given(rows=SCORES, at=st.integers(0, 1000))
def test_every_threshold_is_the_price_of_that_threshold(rows, at):
    found = frontier_of(count_controls(columns(rows), [guard()])[0], None, HOW)
    view = price_controls(columns(rows), [guard(float(at))], draws=50)[0].marginal
    bounds = [found.averted_low[at], found.averted_high[at], found.withheld_low[at], found.withheld_high[at]]
    assert bounds == pytest.approx([*view.averted[:2], *view.withheld[:2]])
    present = next(
        point
        for point in frontier_of(count_controls(columns(rows), [guard(float(at))])[0], None, HOW).chosen
        if point.present
    )
    assert present.averted == view.averted


@settings(max_examples=25, deadline=None)
@given(rows=SCORES)
def test_what_is_off_the_frontier_is_bettered_and_what_is_on_it_is_not(rows):
    found = frontier_of(count_controls(columns(rows), [guard()])[0], None, HOW)
    averted, withheld = found.averted_low + found.averted_high, found.withheld_low + found.withheld_high
    points = np.unique(np.column_stack([averted, withheld]).round(9), axis=0)

    def bettered(up, across):
        no_worse = (points[:, 0] >= up) & (points[:, 1] <= across)
        return bool((no_worse & ((points[:, 0] > up) | (points[:, 1] < across))).any())

    kept = {tuple(point) for point in np.column_stack([averted, withheld]).round(9)[found.on_front].tolist()}
    assert kept == {(up, across) for up, across in points.tolist() if not bettered(up, across)}
    assert len(kept) == int(found.on_front.sum()), "of thresholds that do the same, one stands for all"


def test_a_score_of_another_range_is_cut_into_a_thousand_steps():
    rows = {"harmful": np.array([0, 1, 1, 0]), "score": np.array([0.0, 0.25, 0.75, 1.0])}
    found = frontier_of(count_controls(rows, [guard(0.5, span=(0.0, 1.0))])[0], None, HOW)
    assert found.thresholds[750] == pytest.approx(0.75)
    assert (found.averted_low[750], found.averted_low[751]) == pytest.approx((250, 0))


def test_a_control_without_one_threshold_has_no_frontier():
    rows = columns([(0, 1), (1, 900)]) | {"fires": np.array([0, 1])}
    with pytest.raises(FieldError, match="no single threshold"):
        frontier_of(count_controls(rows, [Control(name="c", kind="block", fires="fires")])[0], None, HOW)


def test_the_picture_says_what_it_shows_and_escapes_names():
    counts = count_controls(columns([(1, 900)] * 5 + [(0, 700)] * 5 + [(0, 100)] * 40), [guard(600.0)])[0]
    found = frontier_of(counts, None, HOW)._replace(control="<b>&")
    for chinese in (False, True):
        drawn = frontier_plot(frontier_picture(found, key="f", chinese=chinese))
        assert "<b>" not in drawn
        assert 'role="img" aria-labelledby="f-title f-desc"' in drawn
        assert ("現行門檻600" if chinese else "the present one, 600, averts 100 and withholds 100") in drawn

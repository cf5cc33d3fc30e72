"""Sizes and powers: each size has its power, power rises with rows, and simulations and published examples agree."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.clopper_pearson import clopper_pearson
from dualtrack.evidence.intervals.garwood import garwood
from dualtrack.evidence.power import power_difference, rows_for_difference, rows_for_same_kind
from dualtrack.evidence.sample_size.auc import auc_error, power_auc, rows_for_auc
from dualtrack.evidence.sample_size.calibration import power_calibration_error, rows_for_calibration_error
from dualtrack.evidence.sample_size.means import (
    design_effect,
    power_two_means,
    power_two_means_non_inferior,
    rows_for_clusters,
    rows_for_two_means,
    rows_for_two_means_non_inferior,
    rows_worth,
)
from dualtrack.evidence.sample_size.one_proportion import power_one_proportion, rows_for_one_proportion
from dualtrack.evidence.sample_size.poisson_rate import exposure_for_poisson_rate, power_poisson_rate
from dualtrack.evidence.sample_size.two_proportions import (
    power_gap_below,
    power_two_proportions,
    power_two_proportions_non_inferior,
    rows_for_gap_below,
    rows_for_two_proportions,
    rows_for_two_proportions_non_inferior,
)

RATES = st.floats(0.02, 0.98)
POWERS = st.sampled_from([0.6, 0.8, 0.95])
LAW = settings(max_examples=25, deadline=None)


def check_law(rows, power_of, power):
    """The size has the power, one row less does not, and power rises."""
    assert power_of(rows) >= power
    if rows > 2:
        assert power_of(rows - 1) < power
    powers = [power_of(rows * k) for k in (1, 2, 4, 8)]
    assert powers == sorted(powers)


@LAW
@given(RATES, RATES, POWERS)
def test_two_proportions(rate, other, power):
    if abs(rate - other) < 0.02:
        return
    rows = rows_for_two_proportions(rate=rate, rate_other=other, power=power)
    check_law(rows, lambda n: power_two_proportions(n, rate=rate, rate_other=other), power)
    if rate > other:
        fewer = rows_for_two_proportions_non_inferior(rate=rate, rate_other=other, margin=0.05, power=power)
        assert fewer <= rows
        check_law(
            fewer, lambda n: power_two_proportions_non_inferior(n, rate=rate, rate_other=other, margin=0.05), power
        )


@LAW
@given(RATES, st.floats(-0.03, 0.03), st.floats(0.05, 0.95), POWERS)
def test_a_gap_below_its_limit(rate, gap, share, power):
    other = min(0.98, max(0.02, rate + gap))
    rows = rows_for_gap_below(rate=rate, rate_other=other, share=share, limit=0.08, power=power)
    first = max(1, math.floor(rows * share))
    assert power_gap_below(first, rows - first, rate=rate, rate_other=other, limit=0.08) >= power
    swapped = power_gap_below(rows - first, first, rate=other, rate_other=rate, limit=0.08)
    assert swapped == pytest.approx(power_gap_below(first, rows - first, rate=rate, rate_other=other, limit=0.08))


@LAW
@given(st.floats(0.1, 9), st.floats(0.1, 9), st.floats(0.05, 3), POWERS)
def test_two_means(deviation, other, effect, power):
    spread = {"deviation": deviation, "deviation_other": other}
    rows = rows_for_two_means(**spread, effect=effect, power=power)
    check_law(rows, lambda n: power_two_means(n, **spread, effect=effect), power)
    bound = rows_for_two_means_non_inferior(**spread, margin=effect, power=power)
    assert bound == rows  # no true difference, held against a margin of the same size
    assert power_two_means_non_inferior(bound, **spread, margin=effect) >= power
    pairs = rows_for_difference(deviation, effect, power=power)
    assert power_difference(pairs, deviation, effect) >= power - 1e-9


@LAW
@given(st.floats(0.55, 0.97), st.floats(0.02, 0.3), st.floats(0.02, 0.9), POWERS)
def test_an_area_above_its_target(area, below, prevalence, power):
    rows = rows_for_auc(area=area, target=area - below, prevalence=prevalence, power=power)
    positives = max(1, min(rows - 1, math.floor(rows * prevalence)))
    assert power_auc(positives, rows - positives, area=area, target=area - below) >= power
    assert auc_error(area, 2 * positives, 2 * rows) < auc_error(area, positives, rows)


def test_an_area_has_hanley_and_mcneils_error():
    # Hanley and McNeil (1982), table III and text: area 0.893, 51 abnormal and 58 normal, standard error 0.0323 by formula.
    assert auc_error(0.893, 51, 58) == pytest.approx(0.032, abs=0.001)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.01, 0.3), st.floats(1.5, 4), POWERS, st.booleans())
def test_one_proportion_exactly(rate, times, power, above):
    limit = min(0.9, rate * times)
    if above:
        rate, limit = 1 - rate, 1 - limit
    rows = rows_for_one_proportion(rate=rate, limit=limit, power=power)
    for more in (rows, rows + 1, rows + 2, rows + rows // 7, 2 * rows):  # through the saw
        assert power_one_proportion(more, rate=rate, limit=limit) >= power
    if rows > 1:
        assert power_one_proportion(rows - 1, rate=rate, limit=limit) < power


def test_one_proportion_means_what_the_interval_says():
    rows, rate, limit = 60, 0.05, 0.2
    shown = [count for count in range(rows + 1) if clopper_pearson(count, rows).high < limit]
    simulated = np.random.default_rng(1).binomial(rows, rate, size=20_000)
    assert power_one_proportion(rows, rate=rate, limit=limit) == pytest.approx(
        np.isin(simulated, shown).mean(), abs=0.015
    )
    # No failure in 59 is the textbook sample for 95 % one-sided; two-sided it takes 72 with none expected.
    assert rows_for_one_proportion(rate=0.0, limit=0.05) == 72
    assert rows_for_one_proportion(rate=0.0, limit=0.05, level=0.9) == 59


@LAW
@given(st.floats(0, 5), st.floats(1.3, 6), POWERS)
def test_a_poisson_rate_below_its_limit(rate, times, power):
    limit = max(rate, 0.2) * times
    exposure = exposure_for_poisson_rate(rate=rate, limit=limit, power=power)
    for more in (1.0, 1.01, 1.2, 1.7, 3.0):
        assert power_poisson_rate(exposure * more, rate=rate, limit=limit) >= power


def test_a_poisson_power_means_what_the_interval_says():
    rate, limit, exposure = 0.5, 1.5, 12.0
    counts = np.random.default_rng(2).poisson(rate * exposure, size=4_000)
    shown = {count: garwood(count, exposure).high < limit for count in set(counts.tolist())}
    assert power_poisson_rate(exposure, rate=rate, limit=limit) == pytest.approx(
        np.mean([shown[count] for count in counts.tolist()]), abs=0.03
    )
    assert power_poisson_rate(0.1, rate=rate, limit=limit) == 0.0


@LAW
@given(st.integers(1, 10_000), st.floats(1, 40), st.floats(0, 1), st.floats(0, 2))
def test_clusters_cost_what_the_design_effect_says(rows, size, correlation, variation):
    design = design_effect(cluster_size=size, correlation=correlation, size_variation=variation)
    assert design >= 1
    needed = rows_for_clusters(rows, design)
    assert rows_worth(needed, design) >= rows
    assert needed == rows or rows_worth(needed - 1, design) < rows


def test_published_examples():
    # Chow, Shao and Wang (2008), 4.2.4: 0.85 against 0.65, non-inferiority margin 0.10 aside, equality at 80 %: 70 each.
    assert rows_for_two_proportions(rate=0.85, rate_other=0.65) == 70
    # 3.2.4: deviation 0.10, margin 0.05 with a true difference of 0 at two-sided 90 % (one-sided 5 %), power 80 %: 50 each.
    assert rows_for_two_means_non_inferior(deviation=0.10, deviation_other=0.10, margin=0.05, level=0.9) == 50
    assert design_effect(cluster_size=20, correlation=0.05, size_variation=0) == pytest.approx(1.95)
    assert rows_for_same_kind(100, 0.1, 0.1 * 2.8016) == pytest.approx(100, abs=1)


def test_calibration_has_no_formula_and_says_so():
    for answer in (rows_for_calibration_error(), power_calibration_error()):
        assert answer.reason
        assert "pilot" in answer.instead


@pytest.mark.parametrize(
    "call",
    [
        lambda: rows_for_two_proportions(rate=0.5, rate_other=0.5),
        lambda: rows_for_two_proportions(rate=1.5, rate_other=0.5),
        lambda: rows_for_two_proportions(rate=0.4, rate_other=0.5, power=0.5),
        lambda: rows_for_two_proportions_non_inferior(rate=0.4, rate_other=0.5, margin=0.1),
        lambda: rows_for_gap_below(rate=0.4, rate_other=0.5, share=0.5, limit=0.1),
        lambda: rows_for_gap_below(rate=0.4, rate_other=0.5, share=1.0, limit=0.2),
        lambda: rows_for_two_means(deviation=0.0, deviation_other=1.0, effect=1.0),
        lambda: rows_for_two_means_non_inferior(deviation=1.0, deviation_other=1.0, margin=0.1, effect=-0.2),
        lambda: rows_for_auc(area=0.7, target=0.7, prevalence=0.5),
        lambda: power_auc(0, 10, area=0.7, target=0.6),
        lambda: rows_for_one_proportion(rate=0.1, limit=0.1),
        lambda: power_one_proportion(0, rate=0.1, limit=0.2),
        lambda: exposure_for_poisson_rate(rate=2.0, limit=1.0),
        lambda: design_effect(cluster_size=0, correlation=0.1, size_variation=0),
        lambda: power_difference(0, 1.0, 1.0),
    ],
)
def test_what_cannot_be_planned_is_refused(call):
    with pytest.raises(FieldError):
        call()

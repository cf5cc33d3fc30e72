"""No count that is kept tells apart too few people, and none comes out by subtraction; what is pooled never looks better for it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from measure_cases import cases
from measure_worlds import RELEASE

from dualtrack.domain.records import Text, read_record
from dualtrack.evidence.cells import Cells
from dualtrack.evidence.drift.columns import DriftColumns
from dualtrack.evidence.drift.settings import CategoryColumn, DriftSettings, NumericColumn
from dualtrack.evidence.fairness.group_rates import GroupCounts, GroupRates, GroupSettings
from dualtrack.evidence.fairness.shown import GroupTable
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.performance.histogram import Histogram, Scale, suppressed_bins
from dualtrack.evidence.performance.ordering import order
from dualtrack.evidence.plans.given import Given
from dualtrack.evidence.plans.records import MeasurementPlan, PlanItem
from dualtrack.evidence.plans.running import Asked, run_plan
from dualtrack.evidence.registry import measures
from dualtrack.evidence.suppression import POOLED, hidden_groups, middles, people_least, pooled, runs

HOW = Estimating(data_digest="0" * 64, draws=200, cell_size_min=20)
COUNTS = st.integers(0, 25)


def test_the_figure_is_dated_and_cited():
    assert people_least("2026-11-27T00:00:00Z") == 10
    assert people_least("1999-01-01") == 10, "before the first figure the first one holds"


@given(
    arrays(np.int64, st.tuples(st.integers(1, 3), st.integers(1, 30)), elements=COUNTS), st.integers(1, 40), st.data()
)
def test_in_each_run_a_table_has_nobody_or_enough(tables, least, data):
    width = tables.shape[1]
    sides = np.sort(np.array(data.draw(st.lists(st.integers(0, 2), min_size=width, max_size=width)), dtype=np.int64))
    run = runs(tables, least, sides)
    assert run[0] == 0
    assert set(np.diff(run).tolist()) <= {0, 1}
    for number in range(int(run[-1]) + 1):
        places = np.flatnonzero(run == number)
        assert len(set(sides[places].tolist())) == 1
        held = tables[:, places].sum(1)
        whole_side = (sides == sides[places[0]]).sum() == len(places)
        assert whole_side or not ((held > 0) & (held < least)).any()
    to = middles(run, tables.sum(0))
    assert (run[to] == np.arange(len(to))).all()
    assert (pooled(tables.T, run, tables.sum(0)).sum(0) == tables.sum(1)).all()


@given(arrays(np.int64, array_shapes(max_dims=3, max_side=4), elements=COUNTS), st.integers(1, 30))
def test_groups_that_are_shown_are_large_and_give_away_no_small_one(sizes, least):
    hidden = hidden_groups(sizes, least)
    assert (sizes[~hidden & (sizes > 0)] >= least).all()
    assert not (hidden & (sizes == 0)).any()
    for width in range(1, sizes.ndim + 1):
        for summed in combinations(range(sizes.ndim), width):
            behind = np.where(hidden, sizes, 0).sum(axis=summed)
            shown = np.where(hidden, 0, sizes).sum(axis=summed)
            alone = hidden.sum(axis=summed) == 1
            given_away = (behind > 0) & ((behind < least) | alone) & (shown > 0)
            assert not given_away.any()


def histogram(draw_counts, thresholds=()):
    scale = Scale(bins=50, thresholds=thresholds)
    held = [(place, low, high) for place, (low, high) in enumerate(draw_counts, start=60) if low + high]
    return Histogram(
        scale=scale,
        places=tuple(place for place, _, _ in held),
        negatives=tuple(low for _, low, _ in held),
        positives=tuple(high for _, _, high in held),
    )


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=2, max_size=40), st.integers(2, 12))
def test_bins_of_a_score_hold_enough_people_and_order_them_almost_as_before(counts, least):
    whole = histogram(counts)
    shown = suppressed_bins(whole, least)
    assert shown.n == whole.n
    assert sum(shown.positives) == sum(whole.positives)
    rows = [low + high for low, high in zip(shown.negatives, shown.positives, strict=True)]
    assert whole.n < least or min(rows, default=least) >= least
    if min(sum(whole.positives), sum(whole.negatives)) > 1:
        before, after = order(whole.counts).auc, order(shown.counts).auc
        pairs = sum(whole.positives) * sum(whole.negatives)
        joined = sum(low * high for low, high in zip(shown.negatives, shown.positives, strict=True))
        assert abs(before - after) <= joined / pairs / 2 + 1e-12, "only pairs in one bin can change, by half at most"


def cells(counts):
    shape = np.array(counts)
    return Cells(
        attributes=("sex", "race"),
        levels=(("F", "M"), ("a", "b", "c")),
        counts=tuple(
            np.stack([shape - shape // 3, shape // 3 * 0 + shape // 3], -1)[..., None, :].repeat(2, -2).ravel().tolist()
        ),
    )


def test_a_group_of_three_is_not_shown_and_leaves_its_view_untold():
    whole = GroupCounts(tables=(GroupTable(cells=cells([[200, 200, 3], [200, 200, 200]])),))
    measure, asked = GroupRates(), GroupSettings(rates=("selection_rate",))
    shown = measure.suppressed(whole, asked, 10)
    views = {table.cells.attributes: table for table in shown.tables}
    assert views["sex",].groups_hidden == views["race",].groups_hidden == 0
    both = views["sex", "race"]
    assert both.groups_hidden == 4, "the group, one of its sex, one of its race, and one that closes the circle"
    sizes = both.cells.array.sum((-1, -2))
    assert sizes[sizes > 0].min() >= 10
    found = {each.facts["attributes"]: each for each in measure.estimate(shown, asked, HOW)}
    assert {name: each.outcome for name, each in found.items()} == {
        "sex": "measured", "race": "measured", "sex,race": "underpowered",
    }  # fmt: skip
    before = {each.facts["attributes"]: each for each in measure.estimate(whole, asked, HOW)}
    for name in ("sex", "race"):
        assert found[name].estimate == before[name].estimate


def test_a_level_of_three_is_not_named():
    whole = GroupCounts(tables=(GroupTable(cells=cells([[200, 200, 3], [200, 200, 2]])),))
    measure, asked = GroupRates(), GroupSettings(rates=("selection_rate",), by=(("race",),))
    shown = measure.suppressed(whole, asked, 12)
    assert shown.tables[0].cells.levels == (("b",),) or shown.tables[0].cells.levels == (("a",),)
    (found,) = measure.estimate(shown, asked, HOW)
    assert found.outcome == "underpowered"


def test_where_every_group_is_too_small_there_is_no_number():
    whole = GroupCounts(tables=(GroupTable(cells=cells([[1, 2, 0], [1, 0, 0]])),))
    measure, asked = GroupRates(), GroupSettings(rates=("selection_rate",))
    found = measure.estimate(measure.suppressed(whole, asked, 50), asked, HOW)
    assert {each.estimate for each in found} == {None}
    assert {each.outcome for each in found} == {"underpowered"}


@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=3, max_size=12), st.booleans(), st.integers(2, 30))
@settings(max_examples=60)
def test_joining_columns_moves_both_samples_alike(counts, numbers, least):
    reference, current = (tuple(each[side] for each in counts) for side in (0, 1))
    width = len(counts)
    asked = (
        DriftSettings(numbers=(NumericColumn(column="x", edges=tuple(float(at) for at in range(width - 1))),))
        if numbers
        else DriftSettings(categories=(CategoryColumn(column="x", levels=tuple(f"l{at}" for at in range(width - 1))),))
    )
    whole = read_record(
        {
            side: [{"column": "x", "missing": 0, "counts": list(held)}]
            for side, held in (("reference", reference), ("current", current))
        },
        DriftColumns.statistics,
        where="test",
    )
    shown = DriftColumns().suppressed(whole, asked, least)
    ends = len(shown.current[0].counts) if numbers else len(shown.current[0].counts) - 1
    for before, after in ((whole.reference[0], shown.reference[0]), (whole.current[0], shown.current[0])):
        assert after.n == before.n
        named = [each for each in after.counts[:ends] if each]
        assert len(named) <= 1 or min(named) >= least
    if reference == current:
        assert shown.reference == shown.current


@pytest.mark.parametrize("name", sorted(cases()))
def test_a_run_keeps_only_what_is_pooled(name):
    """The result that is signed holds the pooled counts, and its numbers are theirs."""
    case = cases()[name]
    measure = measures()[name]
    plan = MeasurementPlan(
        format="dualtrack.measurement-plan/1",
        use="harbour-bank/limits",
        title=Text(en="t", zh="題"),
        data=Text(en="d", zh="數"),
        columns=case.roles,
        items=[PlanItem(id="item", measure=name, settings=read_plain(case.settings))],
        draws=100,
        people_min=40,
    )
    given_ = Given(table=case.columns, reference=case.reference, model=case.model)
    run = run_plan(plan, given_, Asked(release=RELEASE, plan=None, variants=1, taken_at="2026-11-27T00:00:00Z"))
    (result,) = run.results
    assert result.people_min == 40
    if not result.measurements:
        assert result.standing == "not measurable"
        return
    for each in result.measurements:
        kept = read_record(each.statistics, measure.statistics, where=name)
        assert measure.suppressed(kept, case.settings, 40) == kept


def read_plain(record):
    from dualtrack.domain.records import to_plain

    return to_plain(record)


def test_a_pool_is_no_segment_to_be_judged():
    case = cases()["performance.segments"]
    measure = measures()["performance.segments"]
    whole = measure.gather(case.sample(), case.settings)
    least = max(each.histogram.n if each.histogram else each.policy.n for each in whole.segments) + 1
    shown = measure.suppressed(whole, case.settings, least)
    assert {each.value for each in shown.segments} == {POOLED}
    assert {each.outcome for each in measure.estimate(shown, case.settings, HOW)} == {"underpowered"}

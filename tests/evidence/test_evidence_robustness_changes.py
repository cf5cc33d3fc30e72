"""Noise, missing fields, values out of range, the boundary: against models whose answers are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.domain.records import encode, read_record, to_plain
from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.models import CallableScorer
from dualtrack.evidence.robustness import fields
from dualtrack.evidence.robustness.amounts import add_amounts, amounts
from dualtrack.evidence.robustness.boundary import BINS, Boundary, BoundarySettings, Distances
from dualtrack.evidence.robustness.fields import FieldsTurned
from dualtrack.evidence.robustness.gaps import GapSettings, MissingFields, OutOfRange, RangeSettings
from dualtrack.evidence.robustness.perturbation import NoiseSettings, Perturbation, Turned
from dualtrack.evidence.sample import Roles, make_sample

RELEASE = "ab" * 32
HOW = Estimating(data_digest="0" * 64)
RNG = np.random.default_rng(3)
COLUMNS = {"a": RNG.normal(size=300), "b": RNG.normal(size=300), "flag": RNG.integers(0, 2, 300).astype(float)}
ROLES = Roles(features=("a", "b", "flag"))


def sample_of(function, columns=COLUMNS, reference=True):
    model = None if function is None else CallableScorer(function, release_digest=RELEASE)
    base = make_sample(COLUMNS, ROLES) if reference else None
    return make_sample(columns, ROLES, model=model, reference=base)


def first(rows):
    return np.nan_to_num(rows[:, 0], nan=0.0)


def run(measure, sample, chosen, how=HOW):
    """Gather, and estimate from statistics that went through their plain form, as a bundle's do."""
    gathered = measure.gather(sample, chosen)
    assert len(encode(gathered)) < 200_000
    again = read_record(to_plain(gathered), type(gathered), where="test")
    assert again == gathered
    return measure.estimate(again, chosen, how)


# --- noise ---


def test_noise_turns_rows_near_the_threshold_and_no_others():
    share, change = run(Perturbation(), sample_of(first), NoiseSettings(noise=0.1, threshold=0.0))
    assert (share.outcome, change.outcome) == ("measured", "measured")
    assert 0.02 < share.estimate < 0.25
    assert share.low <= share.estimate <= share.high
    assert share.facts["turned_per_copy"] < share.estimate
    assert share.facts["columns"] == 2  # the flag is left alone
    spread = COLUMNS["a"].std()
    assert change.estimate == pytest.approx(0.1 * spread * np.sqrt(2 / np.pi), rel=0.1)


def test_a_model_that_ignores_its_inputs_is_steady_but_not_certain():
    share, change = run(
        Perturbation(), sample_of(lambda rows: np.zeros(len(rows))), NoiseSettings(noise=1, threshold=0.5)
    )
    assert share.estimate == 0
    assert share.high > 0.005
    assert change.outcome == "underpowered"  # no spread: nothing to make an interval from


def test_noise_lands_only_in_the_columns_named():
    chosen = NoiseSettings(noise=1, threshold=0.0, columns=("b",))
    assert run(Perturbation(), sample_of(first), chosen)[0].estimate == 0
    with pytest.raises(FieldError, match="no feature 'c'"):
        Perturbation().gather(sample_of(first), NoiseSettings(noise=1, threshold=0.0, columns=("c",)))


def test_few_rows_say_how_many_would_do():
    few = {name: column[:10] for name, column in COLUMNS.items()}
    share = run(Perturbation(), sample_of(first, few), NoiseSettings(noise=0.1, threshold=0.0))[0]
    assert (share.outcome, share.facts["n_needed"]) == ("underpowered", 30)


def test_statistics_of_noise_are_not_added_up():
    with pytest.raises(FieldError, match="do not add up"):
        Perturbation().merge(
            [Turned(rows=1, turned=0, turns=0, repeats=1, change=amounts(np.zeros(1)), columns=1, ones=0)]
        )


def test_what_cannot_be_asked_is_refused():
    draws = np.random.default_rng(1)
    with pytest.raises(EvidenceError, match="no model"):
        Perturbation().gather(sample_of(None), NoiseSettings(noise=1, threshold=0.0))
    with pytest.raises(EvidenceError, match="differently the second time"):
        Perturbation().gather(sample_of(lambda rows: draws.random(len(rows))), NoiseSettings(noise=1, threshold=0.0))
    with pytest.raises(FieldError, match=r"settings\.noise"):
        NoiseSettings(noise=0, threshold=0.0)
    with pytest.raises(FieldError, match="0 rows"):
        Perturbation().gather(sample_of(first), NoiseSettings(noise=1, threshold=0.0, rows=0))
    flags = {name: (column > 0).astype(float) for name, column in COLUMNS.items()}
    with pytest.raises(FieldError, match="more than two"):
        Perturbation().gather(sample_of(first, flags, reference=False), NoiseSettings(noise=1, threshold=0.0))
    with pytest.raises(FieldError, match="2 features"):
        Perturbation().gather(
            sample_of(first)._replace(reference=make_sample(COLUMNS, Roles(features=("a", "b")))),
            NoiseSettings(noise=1, threshold=0.0),
        )


# --- fields ---


def test_a_field_that_matters_turns_decisions_when_it_is_gone():
    (found,) = run(MissingFields(), sample_of(first), GapSettings(threshold=0.1))
    above = (COLUMNS["a"] >= 0.1).mean()
    assert found.estimate == pytest.approx(above)
    assert {part.label: part.estimate for part in found.parts} == {"a": pytest.approx(above), "b": 0, "flag": 0}
    assert (found.facts["worst"], found.facts["changes_answered"]) == ("a", 3)


def test_a_model_that_refuses_has_handled_it():
    def strict(rows):
        if np.isnan(rows).any():
            raise ValueError("a value is missing")
        return rows[:, 0]

    (found,) = run(MissingFields(), sample_of(strict), GapSettings(threshold=0.0))
    assert (found.estimate, found.facts["changes_refused"], found.parts) == (0, 3, ())


def test_a_model_that_answers_no_number_has_handled_nothing():
    (found,) = run(MissingFields(), sample_of(lambda rows: rows.sum(axis=1)), GapSettings(threshold=0.0))
    assert (found.estimate, found.facts["changes_unusable"]) == (1, 3)


def test_values_past_the_range_turn_decisions():
    (found,) = run(OutOfRange(), sample_of(first), RangeSettings(threshold=0.0, beyond=0.1))
    assert found.estimate == 1  # every row is below or above, and one of the two turns it
    assert [part.label for part in found.parts] == ["a below", "a above", "b below", "b above"]
    with pytest.raises(FieldError, match="no reference"):
        OutOfRange().gather(sample_of(first, reference=False), RangeSettings(threshold=0.0, beyond=0.1))
    with pytest.raises(FieldError):
        RangeSettings(threshold=0.0, beyond=-1)


def test_more_changes_than_can_be_read_are_refused(monkeypatch):
    monkeypatch.setattr(fields, "CHANGES_MAX", 2)
    with pytest.raises(FieldError, match="3 changes"):
        MissingFields().gather(sample_of(first), GapSettings(threshold=0.0))


def test_a_late_model_is_not_taken_for_one_that_refuses():
    def late(rows):
        if np.isnan(rows).any():
            raise EvidenceError("no answer", code="evidence.model-timeout")
        return rows[:, 0]

    with pytest.raises(EvidenceError, match="no answer"):
        MissingFields().gather(sample_of(late), GapSettings(threshold=0.0))


# --- the boundary ---


def test_the_distance_of_a_plane_is_found():
    unit = {"a": COLUMNS["a"], "b": np.linspace(0, 1e-9, 300), "flag": COLUMNS["flag"]}
    model = CallableScorer(first, release_digest=RELEASE)
    sample = make_sample(unit, Roles(features=("a",)), model=model, reference=make_sample(unit, Roles(features=("a",))))
    (found,) = run(Boundary(), sample, BoundarySettings(threshold=0.0, rows=300))
    expected = np.median(np.abs(unit["a"])) / unit["a"].std()
    assert found.low <= expected <= found.high
    assert found.estimate == pytest.approx(expected, rel=0.1)
    assert found.facts["tenth"] < found.estimate


def test_without_another_decision_there_is_no_distance():
    (found,) = run(Boundary(), sample_of(lambda rows: np.ones(len(rows))), BoundarySettings(threshold=0.0))
    assert (found.outcome, found.estimate, found.facts["rows_without"]) == ("underpowered", None, 300)


def test_distances_lie_in_their_bins():
    counts = [0] * BINS
    counts[100] = 100
    (found,) = Boundary().estimate(Distances(rows=100, counts=tuple(counts)), BoundarySettings(threshold=0.0), HOW)
    assert found.low < found.estimate < found.high
    assert found.high / found.low == pytest.approx(2 ** (1 / 9))
    with pytest.raises(FieldError):
        Boundary().merge([Distances(rows=1, counts=(1,))])


# --- adding up ---


@pytest.mark.parametrize(
    ("measure", "chosen"),
    [
        (MissingFields(), GapSettings(threshold=0.1)),
        (OutOfRange(), RangeSettings(threshold=0.1, beyond=0.5)),
    ],
)
def test_shards_add_up_to_all_rows(measure, chosen):
    cut = 120
    shards = [{name: column[part] for name, column in COLUMNS.items()} for part in (slice(cut), slice(cut, None))]
    merged = measure.merge([measure.gather(sample_of(first, shard), chosen) for shard in shards])
    whole = measure.gather(sample_of(first), chosen)
    assert merged == whole
    with pytest.raises(FieldError):
        measure.merge([])


def test_the_worse_handling_counts_when_parts_differ():
    def part(handled):
        plain = {"rows": 1, "turned": 0, "ones": 0, "fields": [{"field": "a", "handled": handled, "turned": 0}]}
        return read_record(plain, FieldsTurned, where="test")

    measure = MissingFields()
    assert measure.merge([part("refused"), part("answered")]).fields[0].handled == "answered"
    assert measure.merge([part("unusable"), part("answered")]).fields[0].handled == "unusable"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), st.integers(0, 30))
def test_sums_add_up_exactly_and_are_those_of_numpy(values, cut):
    array = np.array(values)
    whole = amounts(array)
    assert add_amounts([amounts(array[:cut]), amounts(array[cut:])]) == whole
    assert whole.mean == pytest.approx(array.mean(), abs=1e-9)
    assert whole.deviation == pytest.approx(array.std(ddof=1), abs=1e-9, rel=1e-9)


def test_sums_refuse_what_is_not_finite():
    for wrong in (np.nan, np.inf, 1e30):
        with pytest.raises(FieldError):
            amounts(np.array([wrong]))
    with pytest.raises(FieldError):
        _ = amounts(np.array([])).mean

"""What the record refuses to hold."""

import math

import msgspec
import numpy as np
import pytest

from dualtrack.domain import canonical
from dualtrack.domain.evidence import Method
from dualtrack.errors import DocumentError, FieldError
from dualtrack.evidence.measurement import Measurement, Part

METHOD = Method(name="m", version="1", source="s")


def record(**changes):
    good = {
        "measure": "x",
        "unit": "u",
        "n": 3,
        "outcome": "measured",
        "method": METHOD,
        "data_digest": "0" * 64,
        "statistics": {},
        "estimate": 0.5,
        "low": 0.25,
        "high": 0.75,
    }
    return Measurement(**(good | changes))


def test_a_record_round_trips_through_canonical_bytes():
    measured = record(facts={"positives": 2}, parts=(Part(label="a", n=1, outcome="underpowered"),))
    again = msgspec.convert(canonical.decode(canonical.encode(measured.plain())), Measurement)
    assert again == measured
    assert measured.predicate()["statistics"]["facts"] == {"positives": 2}


@pytest.mark.parametrize(
    "changes",
    [
        {"estimate": math.nan},
        {"high": math.inf},
        {"low": 0.9},
        {"low": None},
        {"estimate": None, "low": None, "high": None},
        {"n": -1},
        {"level": 1.0},
        {"data_digest": "A" * 64},
    ],
)
def test_wrong_numbers_never_become_evidence(changes):
    with pytest.raises(FieldError):
        record(**changes)


@pytest.mark.parametrize(
    "changes", [{"facts": {"x": math.nan}}, {"statistics": {"x": [1.0, math.inf]}}, {"estimate": np.float64(0.5)}]
)
def test_what_has_no_canonical_form_is_refused_wherever_it_hides(changes):
    with pytest.raises(DocumentError):
        record(**changes)


def test_underpowered_may_lack_an_estimate():
    assert record(outcome="underpowered", estimate=None, low=None, high=None).estimate is None

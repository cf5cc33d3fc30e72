"""A price comes out again from its evidence alone, and a changed number is noticed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from msgspec.structs import replace

from dualtrack.domain.evidence import Predicate
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.vocabulary import EvidenceKind
from dualtrack.evidence.pricing.prices import price_controls, price_fields
from dualtrack.evidence.pricing.recomputing import TOPIC, recompute_price
from dualtrack.evidence.pricing.states import Control
from dualtrack.evidence.pricing.values import ReviewCost, Values

CONTROLS = [
    Control(name="wall", kind="block", score="wall", at=500),
    Control(name="desk", kind="route", score="desk", at=300),
]
MONEY = Values(currency="HKD", harm=1000, good=50, review=ReviewCost(minutes=5, cost=40))


@pytest.fixture(scope="module", params=[None, MONEY], ids=["items", "money"])
def predicates(request):
    random = np.random.default_rng(4)
    harmful = random.integers(0, 2, 400)
    columns = {
        "harmful": np.ma.masked_array(harmful, random.random(400) < 0.1),
        "wall": np.where(harmful == 1, 900, 100) * (random.random(400) < 0.6),
        "desk": random.integers(0, 1000, 400),
        "who": random.integers(0, 90, 400),
    }
    found = price_controls(columns, CONTROLS, values=request.param, cluster="who", draws=100, seed=7, level=0.9)
    return [
        Predicate(
            kind=EvidenceKind.MEASUREMENT, topic=TOPIC, fields=price_fields(price), taken_at="2026-01-01T00:00:00Z",
            **price.measurement.predicate(),
        )
        for price in found
    ]  # fmt: skip


def stored(predicate):
    """Return the predicate as it is read back from a ledger."""
    return read_record(json.loads(encode(predicate)), Predicate, where="test")


def test_it_comes_out_again_after_a_trip_through_the_ledger(predicates):
    assert [recompute_price(stored(each)) for each in predicates] == [("equal", "")] * len(predicates)


@pytest.mark.parametrize("name", ["harm_averted", "benefit_withheld_high", "labelled"])
def test_a_number_that_does_not_follow_is_named(predicates, name):
    first = stored(predicates[0])
    said = recompute_price(replace(first, fields=first.fields | {name: first.fields[name] + 0.001}))
    assert said.agreement == "differs"
    assert said.said.startswith(f"{name} is ")


@pytest.mark.parametrize("change", [{"unit": "HKD"}, {"n": 401}, {"control": "other"}])
def test_a_word_or_a_count_that_does_not_follow_is_named(predicates, change):
    first = stored(predicates[0])
    assert recompute_price(replace(first, fields=first.fields | change)).agreement == "differs"


@pytest.mark.parametrize("lost", ["sufficient", "draws", "level"])
def test_without_its_counts_it_cannot_be_computed(predicates, lost):
    first = stored(predicates[0])
    kept = {name: value for name, value in first.statistics.items() if name != lost}
    said = recompute_price(replace(first, statistics=kept))
    assert (said.agreement, f"statistics.{lost}" in said.said) == ("cannot", True)

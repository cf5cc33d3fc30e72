"""Models that run in this process: additive tables, boosted trees, and corpora, each held to the digest released."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.policy import FieldSetting
from dualtrack.domain.records import Text
from dualtrack.errors import DocumentError, FieldError
from dualtrack.runtime.additive import load_additive
from dualtrack.runtime.boosted import load_boosted
from dualtrack.runtime.ids import new_id, receipt_code, receipt_digest, shown_code
from runtime.runtime_world import CARD


def card(**changes):
    return msgspec.json.encode(CARD | changes)


@given(late=st.one_of(st.none(), st.floats(-5, 20)), used=st.one_of(st.none(), st.floats(0, 3)))
def test_points_add_up_to_the_score_and_reasons_are_among_them(late, used):
    model = load_additive(card(link="identity"), where="test")
    row = {name: value for name, value in (("late", late), ("used", used)) if value is not None}
    found = model.score(row)
    first = 0.25 if late is None else -0.5 if late < 0.5 else 0.75 if late < 2.5 else 2.0
    second = 0.0 if used is None else 0.0 if used < 0.8 else 1.0
    assert math.isclose(found.output, -1.0 + first + second)
    up = {name: value for name, value in (("late", first), ("used", second)) if value > 0}
    down = {name: value for name, value in (("late", first), ("used", second)) if value < 0}
    assert dict(found.reasons) == (up or down)


@pytest.mark.parametrize("value", [math.nan, math.inf, "3", True, [3]])
def test_what_is_no_number_counts_as_missing(value):
    model = load_additive(card(link="identity"), where="test")
    assert model.score({"late": value}).output == model.score({}).output


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"format": "x"}, FieldError),
        ({"more": 1}, DocumentError),
        ({"features": [CARD["features"][0] | {"cuts": [2.5, 0.5]}]}, FieldError),
        ({"features": [CARD["features"][0] | {"points": [1.0]}]}, FieldError),
    ],
)
def test_a_broken_card_is_refused_by_name(changes, kind):
    with pytest.raises(kind) as caught:
        load_additive(card(**changes), where="models/card")
    assert "models/card" in caught.value.where


def test_a_booster_gives_its_own_predictions_with_contributions_as_reasons():
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(400, 3))
    outcome = (rows[:, 0] + rng.normal(size=400) > 0).astype(int)
    booster = lightgbm.train(
        {"objective": "binary", "verbosity": -1, "num_threads": 1}, lightgbm.Dataset(rows, outcome), num_boost_round=5
    )
    fields = [FieldSetting(name=name, type="number", says=Text(en=name, zh=name)) for name in "abc"]
    model = load_boosted(booster.model_to_string().encode(), fields, where="test")
    for row in rows[:20]:
        found = model.score(dict(zip("abc", row.tolist(), strict=True)))
        assert math.isclose(found.output, booster.predict([row])[0], rel_tol=1e-9)
        points = [value for _, value in found.reasons]
        assert points
        assert all(value > 0 for value in points) or all(value < 0 for value in points)
    with pytest.raises(FieldError):
        load_boosted(booster.model_to_string().encode(), fields[:2], where="test")
    with pytest.raises(DocumentError):
        load_boosted(b"tree\nversion=v4\nnonsense", fields, where="test")


def test_identifiers_sort_by_time_and_codes_forgive_how_they_are_typed():
    assert new_id(1_000_000.0) < new_id(1_000_000.002) < new_id(2_000_000_000.0)
    assert len(new_id()) == 26
    code = receipt_code()
    assert len(code) == 12
    assert receipt_digest(shown_code(code)) == receipt_digest(code) == receipt_digest(code.upper())
    assert receipt_digest("0000-0000-0001") == receipt_digest("oooo-OOOO-oool")
    assert receipt_digest(receipt_code()) != receipt_digest(code)

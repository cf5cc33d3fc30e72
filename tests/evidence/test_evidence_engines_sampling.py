"""Samples by hash and digests in any order: the same rows wherever they stand, and what a digest finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import FieldError
from dualtrack.evidence.engines.memory import MemoryEngine

MEMORY = MemoryEngine()
TABLE = {
    "id": np.arange(400),
    "x": np.random.default_rng(1).normal(size=400),
    "w": np.array(["a", ""] * 200, dtype=object),
}


@given(st.randoms(), st.integers(1, 500), st.integers(0, 5))
@settings(max_examples=10)
def test_the_order_of_rows_does_not_matter(random, n, seed):
    order = list(range(400))
    random.shuffle(order)
    moved = {name: column[order] for name, column in TABLE.items()}
    ours, theirs = MEMORY.sample(TABLE, n, seed), MEMORY.sample(moved, n, seed)
    assert ours.columns["id"].tolist() == theirs.columns["id"].tolist()
    assert ours.facts == {"sampled": n < 400, "sample_n": min(n, 400), "sample_of": 400, "sample_seed": seed}
    assert MEMORY.digest(moved) == MEMORY.digest(TABLE)


def test_samples_of_other_seeds_differ_and_larger_ones_hold_smaller_ones():
    first, second, larger = (MEMORY.sample(TABLE, n, seed) for n, seed in ((50, 1), (50, 2), (90, 1)))
    assert first.columns["id"].tolist() != second.columns["id"].tolist()
    assert larger.columns["id"].tolist()[:50] == first.columns["id"].tolist()


def test_every_row_is_as_likely_as_any_other():
    drawn = np.zeros(400)
    for seed in range(100):
        drawn[MEMORY.sample(TABLE, 100, seed, ["id"]).columns["id"]] += 1
    expected = 25.0
    chi = float(((drawn - expected) ** 2 / (expected * 0.75)).sum())  # about 399 +- 28
    assert 300 < chi < 500
    assert abs(float(drawn[:200].mean()) - expected) < 2


def test_a_row_lost_doubled_or_changed_is_seen():
    whole = MEMORY.digest(TABLE)
    lost = {name: column[1:] for name, column in TABLE.items()}
    doubled = {name: np.concatenate([column, column[:1]]) for name, column in TABLE.items()}
    changed = TABLE | {"x": np.where(np.arange(400) == 7, np.nextafter(TABLE["x"], 9), TABLE["x"])}
    swapped = TABLE | {"x": TABLE["x"][::-1]}
    renamed = {"id2" if name == "id" else name: column for name, column in TABLE.items()}
    found = {MEMORY.digest(each) for each in (lost, doubled, changed, swapped, renamed)}
    assert len(found | {whole}) == 6
    assert all(len(each) == 64 for each in found)


@pytest.mark.parametrize("n", [0, 2_000_001])
def test_a_sample_has_bounds(n):
    with pytest.raises(FieldError):
        MEMORY.sample(TABLE, n, 1)


def test_times_have_no_digest_and_absent_columns_are_named():
    with pytest.raises(FieldError, match="kind time"):
        MEMORY.digest({"t": np.array(["2026-01-01"], dtype="datetime64[D]")})
    with pytest.raises(FieldError, match="no column 'y'"):
        MEMORY.digest(TABLE, ["y"])
    with pytest.raises(FieldError, match="a file or a name"):
        MEMORY.digest("table.parquet")

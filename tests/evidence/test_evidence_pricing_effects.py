"""Intervals of prices: they cover, they know clusters, and few items behind a side are not taken for certainty."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from dualtrack.evidence.pricing.effects import decisions_needed, effect_of, track_weights
from dualtrack.evidence.pricing.prices import count_controls, price_controls
from dualtrack.evidence.pricing.states import Control
from dualtrack.evidence.pricing.values import Values, worth_of

BLOCK = Control(name="wall", kind="block", fires="fires")


def columns(harm_stopped, good_stopped, passed, unknown=0):
    harmful = [1] * harm_stopped + [0] * good_stopped + [-1] * unknown + [0] * passed
    fires = [1] * (harm_stopped + good_stopped + unknown) + [0] * passed
    return {"harmful": np.array(harmful), "fires": np.array(fires)}


def priced(*counts, **more):
    return price_controls(columns(*counts), [BLOCK], **more)[0]


@pytest.mark.parametrize("values", [None, Values(currency="HKD", harm=20, good=3)])
@pytest.mark.parametrize("shares", [(0.004, 0.01), (0.05, 0.1), (0.0, 0.03)])
def test_intervals_cover_as_often_as_they_say(shares, values):
    random, n, held = np.random.default_rng(7), 400, np.zeros(3)
    harm, good = (1.0, 1.0) if values is None else (values.harm, values.good)
    truth = np.array([harm * shares[0], good * shares[1], harm * shares[0] - good * shares[1]]) * 1000
    for seed in range(60):
        stopped_harm, stopped_good, rest = random.multinomial(n, [*shares, 1 - sum(shares)])
        counts = count_controls(columns(stopped_harm, stopped_good, rest), [BLOCK])[0]
        tracks = track_weights(worth_of("wall", "block", values), alone=True)
        effects = [
            effect_of(each, counts, level=0.95, seed=seed, draws=300)
            for each in (tracks.averted, tracks.withheld, tracks.net)
        ]
        held += [effect.low <= value <= effect.high for effect, value in zip(effects, truth, strict=True)]
    assert (held >= 0.88 * 60).all(), held / 60


@pytest.mark.parametrize(("gains", "losses"), [(0, 6), (0, 5), (6, 0), (1, 9), (9, 2), (3, 3)])
def test_few_items_are_judged_as_the_sign_test_judges_them(gains, losses):
    verdict = priced(gains, losses, 1000 - gains - losses).verdict
    shown = bool(binomtest(gains, gains + losses).pvalue < 0.05)
    assert (verdict != "cannot tell") is shown


def test_a_side_of_which_nothing_was_seen_is_not_nothing():
    found = priced(0, 60, 940, values=Values(currency="HKD", harm=5000, good=10)).marginal
    assert found.averted.estimate == 0
    assert found.averted.high == pytest.approx(5000 * 1000 * (1 - 0.025 ** (1 / 1000)), rel=1e-6)
    assert found.net.low < 0 < found.net.high


def test_a_limit_never_crosses_what_is_impossible():
    rows = columns(2, 3, 95)
    rows["who"] = np.repeat(np.arange(50), 2)
    for view in (price_controls(rows, [BLOCK], cluster="who")[0].marginal, priced(2, 3, 95).marginal):
        assert view.averted.low >= 0
        assert view.withheld.low >= 0


def test_decisions_of_one_person_are_not_independent():
    random = np.random.default_rng(3)
    fires = np.repeat(random.random(200) < 0.3, 10)
    rows = {"harmful": np.ones(2000, dtype=int), "fires": fires.astype(int), "who": np.repeat(np.arange(200), 10)}
    alone, grouped = (price_controls(rows, [BLOCK], cluster=name)[0].marginal.averted for name in (None, "who"))
    ratio = (grouped.high - grouped.low) / (alone.high - alone.low)
    assert ratio == pytest.approx(np.sqrt(10), rel=0.15)
    by_person = fires.reshape(200, 10).mean(axis=1)
    error = 1000 * by_person.std(ddof=1) / np.sqrt(200)
    assert grouped.high - grouped.estimate == pytest.approx(1.972 * error, rel=0.01)


def test_rows_about_nobody_are_clusters_of_their_own():
    rows = columns(20, 5, 75)
    lone = np.ma.array(np.zeros(100, dtype=int), mask=True)
    assert price_controls(rows | {"who": lone}, [BLOCK], cluster="who")[0].marginal == priced(20, 5, 75).marginal


def test_the_decisions_said_to_be_needed_would_do():
    values = Values(currency="HKD", harm=5000, good=60)
    found = priced(0, 6, 270, values=values)
    assert found.reason == "sample"
    factor = -(-found.n_needed // 276)
    assert priced(0, 6 * factor, 270 * factor, values=values).verdict == "withholds more"
    assert priced(0, 3 * factor, 135 * factor, values=values).verdict == "cannot tell"


def test_no_number_of_decisions_settles_what_labels_must():
    counts = count_controls(columns(5, 5, 50, unknown=40), [BLOCK])[0]
    net = track_weights(worth_of("wall", "block", None), alone=True).net
    assert decisions_needed(net, counts, level=0.95) is None
    assert priced(5, 5, 50).n_needed is None  # alike: nothing to find


def test_the_same_seed_gives_the_same_price():
    assert priced(20, 30, 50, seed=5).measurement == priced(20, 30, 50, seed=5).measurement
    assert priced(20, 30, 50, seed=5).marginal.net.low != priced(20, 30, 50, seed=6).marginal.net.low

"""The demo's three uses on the real accounts: what holds, what does not, over seeds; and controls that must fail."""

import numpy as np
import pytest

pytest.importorskip("lightgbm")

from dualtrack.domain.records import encode
from dualtrack.evidence.demo.baselines import bucket_rates
from dualtrack.evidence.demo.measuring import measure_use, use_plan
from dualtrack.evidence.demo.portfolio import FEATURES, load_portfolio, split_rows
from dualtrack.evidence.demo.uses import COLLECTION, DEMO_SEED, EARLY_CONTACT, PROVISIONING, USES
from dualtrack.evidence.models import Scorer
from dualtrack.evidence.plans.running import gated_measurement


@pytest.fixture(scope="module")
def book():
    return load_portfolio()


@pytest.fixture(scope="module")
def results(book):
    return {use.slug: measure_use(use, book, seed=DEMO_SEED) for use in USES}


def principal(results, item):
    """Return the measurement that an item's threshold is about."""
    return gated_measurement(results[item])


def benefit_of(book, use, **changes):
    return principal(measure_use(use, book, only=frozenset({"benefit"}), **changes), "benefit")


def test_no_protected_attribute_is_a_feature(book):
    assert book.features.shape == (30_000, len(FEATURES))
    assert np.isfinite(book.features).all()
    assert not {"sex", "marriage", "marital_status", "age", "education"} & set(FEATURES)
    assert len(set(FEATURES)) == len(FEATURES)


def test_parts_are_apart_and_repeatable():
    rows = np.arange(50, 150)
    parts = split_rows(rows, seed=3)
    assert sorted([*parts.train, *parts.test]) == rows.tolist()
    assert parts.train.tolist() == split_rows(rows, seed=3).train.tolist()
    assert parts.train.tolist() != split_rows(rows, seed=4).train.tolist()


def test_bucket_rates_are_rates_of_the_training_rows(book):
    train, test = split_rows(np.arange(30_000), seed=1)
    rates = bucket_rates(book, book.defaulted, train, test)
    pick = (book.status == 2) & (book.late[:, 1:].max(1) == 0)
    here = book.defaulted[train][pick[train]]
    expected = (here.sum() + book.defaulted[train].mean()) / (len(here) + 1)
    assert np.unique(rates[pick[test]]) == pytest.approx([expected])


def test_estimates_for_pools_beat_the_bucket_table(results):
    found = results[PROVISIONING.slug]
    benefit = principal(found, "benefit")
    assert benefit.low > PROVISIONING.plan.effect
    assert benefit.facts["power_at_declared_effect"] > 0.8
    assert "groups" not in found
    assert found["calibration"].standing == "met"
    assert principal(found, "calibration").high < 0.03


def test_early_contact_beats_its_card_and_small_groups_are_underpowered(results):
    found = results[EARLY_CONTACT.slug]
    benefit = principal(found, "benefit")
    assert benefit.low > 0
    assert benefit.estimate >= EARLY_CONTACT.plan.effect
    by = {(m.facts["attributes"], m.facts["rate"]): m for m in found["groups"].measurements}
    assert by["sex", "true_positive_rate"].outcome == "measured"
    assert by["marital_status", "true_positive_rate"].outcome == "underpowered"
    assert by["sex,marital_status", "true_positive_rate"].outcome == "underpowered"
    selection = by["sex", "selection_rate"]
    left_out = selection.facts["rows_left_out"]  # codes that the publisher does not explain form no group
    assert 0 < left_out < 30
    assert sum(part.n for part in selection.parts) + left_out == benefit.n


@pytest.mark.parametrize("seed", range(10))
def test_collection_ranking_never_shows_a_benefit(book, seed):
    benefit = benefit_of(book, COLLECTION, seed=seed)
    assert benefit.low < 0 < benefit.high < COLLECTION.plan.effect
    assert benefit.facts["power_at_declared_effect"] > 0.8
    assert benefit.outcome == "measured"


@pytest.mark.parametrize("use", USES, ids=lambda use: use.slug)
@pytest.mark.parametrize("seed", range(2))
def test_shuffled_outcomes_lose_the_benefit(book, use, seed):
    found = measure_use(use, book, seed=seed, draws=200, shuffled=True, only=frozenset({"benefit", "order"}))
    assert principal(found, "benefit").low <= 0
    assert found["benefit"].standing != "met"
    assert principal(found, "order").low < 0.5 + 0.02


def test_the_permitted_use_and_the_refused_one_lose_when_their_labels_are_shuffled(results):
    for found in results.values():
        for control in ("shuffled-labels", "random-model"):
            (measured,) = found[control].measurements
            assert measured.facts["control_lost"] is True
            assert measured.high < 0


def test_every_planned_item_was_measurable(results):
    for found in results.values():
        assert [
            (result.item.id, result.reason) for result in found.values() if result.standing == "not measurable"
        ] == []


def test_only_the_refused_use_misses_its_benefit(results):
    missed = {
        slug: {item for item, result in found.items() if result.standing not in {"met", "reported"}}
        for slug, found in results.items()
    }
    assert missed == {PROVISIONING.slug: set(), EARLY_CONTACT.slug: set(), COLLECTION.slug: {"benefit", "calibration"}}


def test_benefits_hold_for_other_seeds(book):
    for use in (PROVISIONING, EARLY_CONTACT):
        for seed in (2, 3):
            assert benefit_of(book, use, seed=seed, draws=300).low > 0


def test_the_same_seed_gives_the_same_bytes(book, results):
    again = measure_use(COLLECTION, book, seed=DEMO_SEED)
    assert [encode(result) for result in again.values()] == [
        encode(result) for result in results[COLLECTION.slug].values()
    ]


def test_plans_test_the_claims_as_they_are_declared():
    for use in USES:
        item = next(item for item in use_plan(use, f"demo/{use.slug}").items if item.id == "benefit")
        assert item.settings["plan"] == {
            "unit": use.plan.unit,
            "direction": use.plan.direction,
            "effect": use.plan.effect,
        }
        assert item.settings.get("capacity") == use.capacity


def test_a_trained_model_can_be_measured(book):
    from dualtrack.evidence.demo.learner import train

    model = train(book.features[:2_000], book.defaulted[:2_000], seed=1)
    assert isinstance(model, Scorer)
    assert model.release_digest == train(book.features[:2_000], book.defaulted[:2_000], seed=1).release_digest
    assert model.release_digest != train(book.features[:2_000], book.defaulted[:2_000], seed=2).release_digest

"""Group metrics held to fairlearn and AIF360 to 1e-9, where definitions agree."""

import warnings
from importlib.util import find_spec

import numpy as np
import pytest

from dualtrack.evidence.cells import count_cells
from dualtrack.evidence.fairness.groups import measure_groups
from dualtrack.evidence.fairness.reweighing import reweighing

EXACT = {"rel": 0, "abs": 1e-9}


def rows(n=3_000, seed=7):
    random = np.random.default_rng(seed)
    sex, age = random.integers(0, 2, n), random.integers(0, 4, n)
    label = (random.random(n) < 0.25 + 0.05 * age).astype(int)
    decision = (random.random(n) < 0.15 + 0.45 * label + 0.1 * sex).astype(int)
    return label, decision, sex, age


def ours(by=("sex",)):
    label, decision, sex, age = rows()
    cells = count_cells(label, decision, {"sex": sex, "age": age})
    measured = measure_groups(cells, [by], cell_size_min=1, seed=1, draws=20)
    return {each.facts["rate"]: each for each in measured}


@pytest.mark.skipif(find_spec("fairlearn") is None, reason="fairlearn is not installed")
def test_rates_gaps_and_ratios_are_those_of_fairlearn():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, of their own dependencies
        from fairlearn import metrics
        from sklearn.metrics import accuracy_score, precision_score

        label, decision, sex, age = rows()
        theirs = {
            "selection_rate": metrics.selection_rate,
            "true_positive_rate": metrics.true_positive_rate,
            "false_positive_rate": metrics.false_positive_rate,
            "false_negative_rate": metrics.false_negative_rate,
            "precision": precision_score,
            "accuracy": accuracy_score,
        }
        for by, features in ((("sex",), sex), (("age",), age), (("sex", "age"), np.column_stack([sex, age]))):
            found = ours(by)
            frame = metrics.MetricFrame(metrics=theirs, y_true=label, y_pred=decision, sensitive_features=features)
            for rate in theirs:
                assert [part.estimate for part in found[rate].parts] == pytest.approx(
                    frame.by_group[rate].to_list(), **EXACT
                )
                assert found[rate].estimate == pytest.approx(frame.difference()[rate], **EXACT)
                assert found[rate].facts["ratio"] == pytest.approx(frame.ratio()[rate], **EXACT)
        found, given = ours(("age",)), {"y_true": label, "y_pred": decision, "sensitive_features": age}
        expected = {
            "parity": metrics.demographic_parity_difference(**given),
            "ratio": metrics.demographic_parity_ratio(**given),
            "odds": metrics.equalized_odds_difference(**given),
            "opportunity": metrics.equal_opportunity_difference(**given),
        }
    odds = max(found["true_positive_rate"].estimate, found["false_positive_rate"].estimate)
    assert found["selection_rate"].estimate == pytest.approx(expected["parity"], **EXACT)
    assert found["selection_rate"].facts["ratio"] == pytest.approx(expected["ratio"], **EXACT)
    assert odds == pytest.approx(expected["odds"], **EXACT)
    assert found["true_positive_rate"].estimate == pytest.approx(expected["opportunity"], **EXACT)


@pytest.mark.skipif(find_spec("aif360") is None, reason="AIF360 is not installed")
def test_differences_and_weights_are_those_of_aif360():
    label, decision, sex, _ = rows()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, on import and on old calls of others
        import pandas as pd
        from aif360.algorithms.preprocessing import Reweighing
        from aif360.datasets import BinaryLabelDataset
        from aif360.metrics import ClassificationMetric

        frame = pd.DataFrame({"sex": sex.astype(float), "y": label.astype(float)})
        truth = BinaryLabelDataset(df=frame, label_names=["y"], protected_attribute_names=["sex"])
        predicted = truth.copy()
        predicted.labels = decision.astype(float).reshape(-1, 1)
        sides = {"unprivileged_groups": [{"sex": 0.0}], "privileged_groups": [{"sex": 1.0}]}
        theirs = ClassificationMetric(truth, predicted, **sides)
        weights = Reweighing(**sides).fit_transform(truth).instance_weights
        expected = (
            theirs.statistical_parity_difference(),
            theirs.disparate_impact(),
            theirs.average_odds_difference(),
            theirs.equal_opportunity_difference(),
            theirs.false_negative_rate_difference(),
        )
    rates = {rate: [part.estimate for part in each.parts] for rate, each in ours().items()}
    signed = {rate: values[0] - values[1] for rate, values in rates.items()}
    assert (
        signed["selection_rate"],
        rates["selection_rate"][0] / rates["selection_rate"][1],
        (signed["true_positive_rate"] + signed["false_positive_rate"]) / 2,
        signed["true_positive_rate"],
        signed["false_negative_rate"],
    ) == pytest.approx(expected, **EXACT)
    counts = np.bincount(sex * 2 + label, minlength=4).reshape(2, 2)
    assert reweighing(counts)[sex, label] == pytest.approx(weights, **EXACT)

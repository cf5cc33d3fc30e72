"""Models from files and functions: scikit-learn, LightGBM, ONNX, additive tables, a child process; by one line of text."""

import hashlib
import json
import math
import pickle
import warnings

import lightgbm
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

from dualtrack.errors import DocumentError, EvidenceError, FieldError, PathError
from dualtrack.evidence.adapters.boosters import BoosterScorer
from dualtrack.evidence.adapters.determinism import determinism_check
from dualtrack.evidence.adapters.estimators import EstimatorScorer, estimator_scorer
from dualtrack.evidence.adapters.isolated import IsolatedScorer
from dualtrack.evidence.adapters.onnx_files import OnnxScorer
from dualtrack.evidence.adapters.opening import find_object, open_model
from dualtrack.evidence.models import CallableScorer, Explainer, ask, ask_reasons

RELEASE = "ab" * 32
RNG = np.random.default_rng(5)
ROWS = RNG.normal(size=(60, 3))
TRUTH = ROWS[:, 0] + ROWS[:, 1] + RNG.normal(size=60) > 0
LOGISTIC = LogisticRegression().fit(ROWS, TRUTH)


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    (folder / "model.pkl").write_bytes(pickle.dumps(LOGISTIC))
    import joblib

    joblib.dump(LOGISTIC, folder / "model.joblib")
    data = lightgbm.Dataset(ROWS, label=TRUTH)
    booster = lightgbm.train(
        {"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5}, data, 10
    )
    booster.save_model(folder / "model.txt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from skl2onnx import to_onnx

        made = to_onnx(LOGISTIC, ROWS[:1].astype(np.float32), options={"zipmap": False})
        (folder / "model.onnx").write_bytes(made.SerializeToString())
        mapped = to_onnx(LOGISTIC, ROWS[:1].astype(np.float32))
        (folder / "mapped.onnx").write_bytes(mapped.SerializeToString())
    says = {"en": "a", "zh-Hant": "甲"}
    card = {
        "format": "dualtrack.additive/1", "intercept": 0.5, "link": "logit", "reasons": 2,
        "features": [
            {"name": "x", "cuts": [0.0, 1.0], "points": [-1.0, 0.0, 1.0], "missing": 0.25, "says": says},
            {"name": "y", "cuts": [], "points": [0.5], "missing": -0.5, "says": says},
        ],
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps(card))
    (folder / "wrong.json").write_text(json.dumps(card | {"features": [card["features"][0] | {"points": [1.0]}]}))
    return folder


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.onnx"])
def test_the_same_model_in_three_forms(files, name):
    path = files / name
    scorer = open_model(str(path), digest=RELEASE, file_digest=digest_of(path))
    assert scorer.release_digest == RELEASE
    assert scorer.score(ROWS) == pytest.approx(LOGISTIC.predict_proba(ROWS)[:, 1], abs=1e-6)


def test_a_release_of_one_file_needs_one_digest(files):
    path = files / "model.txt"
    scorer = open_model(str(path), digest=digest_of(path))
    assert isinstance(scorer, BoosterScorer)
    assert scorer.score(ROWS).shape == (60,)


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.onnx", "model.txt", "model.json"])
def test_a_file_of_another_digest_is_not_opened(files, name):
    with pytest.raises(EvidenceError, match="digest"):
        open_model(str(files / name), digest=RELEASE)


def test_a_pickle_of_another_digest_runs_nothing(tmp_path):
    mark = tmp_path / "ran"

    class Bomb:
        def __reduce__(self):
            return (open, (str(mark), "w"))

    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(EvidenceError):
        open_model(str(path), digest=RELEASE)
    assert not mark.exists()


def test_files_that_cannot_be_opened_are_named(files, tmp_path):
    for name in ("broken.pkl", "broken.joblib", "broken.onnx", "broken.txt"):
        path = tmp_path / name
        path.write_bytes(b"\x80nothing")
        with pytest.raises(EvidenceError):
            open_model(str(path), digest=digest_of(path))
    (tmp_path / "form.json").write_text("{}")
    with pytest.raises(DocumentError, match="additive"):
        open_model(str(tmp_path / "form.json"), digest=digest_of(tmp_path / "form.json"))
    with pytest.raises(FieldError, match="1 points for 2 cuts"):
        open_model(str(files / "wrong.json"), digest=digest_of(files / "wrong.json"))
    with pytest.raises(EvidenceError, match="outputs"):
        open_model(str(files / "mapped.onnx"), digest=digest_of(files / "mapped.onnx"))
    with pytest.raises(PathError):
        open_model("absent.onnx", digest=RELEASE)
    with pytest.raises(FieldError, match="no model"):
        open_model("model.xyz", digest=RELEASE)
    with pytest.raises(FieldError, match="cannot be found"):
        open_model("no_such_module:f", digest=RELEASE)
    with pytest.raises(FieldError, match="not a SHA-256"):
        open_model(str(files / "model.txt"), digest="x")


def test_additive_tables_are_what_the_runtime_computes(files):
    from dualtrack.runtime.additive import load_additive

    path = files / "model.json"
    scorer = open_model(str(path), digest=digest_of(path))
    served = load_additive(path.read_bytes(), where="model")
    rows = np.array([[-1.0, 3.0], [0.0, 3.0], [1.0, np.nan], [np.nan, 1.0], [0.5, np.inf]])
    names = ("x", "y")
    expected = [served.score(dict(zip(names, map(float, row), strict=True))).output for row in rows]
    assert scorer.score(rows).tolist() == pytest.approx(expected, abs=1e-15)
    reasons = ask_reasons(scorer, rows)
    assert reasons.values[2].tolist() == [1.0, -0.5]
    with pytest.raises(EvidenceError, match="2 features"):
        scorer.score(ROWS)


def test_estimators_by_what_they_can():
    linear = estimator_scorer(LOGISTIC, release_digest=RELEASE)
    assert isinstance(linear, Explainer)
    reasons = ask_reasons(linear, ROWS)
    total = reasons.base + reasons.values.sum(axis=1)
    assert linear.score(ROWS) == pytest.approx(1 / (1 + np.exp(-total)))
    vector = LinearSVC().fit(ROWS, TRUTH)
    assert np.array_equal(EstimatorScorer(vector, release_digest=RELEASE).score(ROWS), vector.decision_function(ROWS))
    ridge = estimator_scorer(Ridge().fit(ROWS, ROWS[:, 0]), release_digest=RELEASE)
    found = ask_reasons(ridge, ROWS)
    assert ridge.score(ROWS) == pytest.approx(found.base + found.values.sum(axis=1))
    three = LogisticRegression().fit(ROWS, np.arange(60) % 3)
    with pytest.raises(EvidenceError, match="two classes"):
        estimator_scorer(three, release_digest=RELEASE).score(ROWS)
    with pytest.raises(EvidenceError, match="without predict"):
        EstimatorScorer(object(), release_digest=RELEASE)


def test_onnx_with_an_input_of_text_is_refused():
    class Session:
        def get_inputs(self):
            return [type("Input", (), {"name": "words", "type": "tensor(string)"})()]

    with pytest.raises(EvidenceError, match="words"):
        OnnxScorer(Session(), release_digest=RELEASE)


MODELS = """
import time
import numpy as np
from dualtrack.evidence.models import CallableScorer
def total(rows):
    print("noise on standard output", flush=True)
    return rows.sum(axis=1)
def hangs(rows):
    time.sleep(60)
def breaks(rows):
    raise ValueError("no column age")
def dies(rows):
    import os
    os._exit(3)
def short(rows):
    return [1.0]
scorer = CallableScorer(total, release_digest="RELEASE")
number = 5
""".replace("RELEASE", RELEASE)


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "odd_models_of_a_test.py").write_text(MODELS)
    monkeypatch.syspath_prepend(tmp_path)
    return "odd_models_of_a_test"


def test_functions_and_scorers_by_name(module):
    assert np.array_equal(open_model(f"{module}:total", digest=RELEASE).score(ROWS), ROWS.sum(axis=1))
    assert open_model(f"{module}:scorer", digest=RELEASE).release_digest == RELEASE
    with pytest.raises(EvidenceError, match="speaks for release"):
        open_model(f"{module}:scorer", digest="cd" * 32)
    with pytest.raises(FieldError, match="holds a int"):
        open_model(f"{module}:number", digest=RELEASE)
    assert find_object(f"{module}:number", "here") == 5


def test_a_child_process_scores_and_outlives_a_model_that_raises(module):
    with open_model(f"{module}:total", digest=RELEASE, timeout_s=30) as scorer:
        assert isinstance(scorer, IsolatedScorer)
        assert np.array_equal(scorer.score(ROWS), ROWS.sum(axis=1))
        many = np.ones((30_000, 4))  # more than a pipe holds
        assert np.array_equal(scorer.score(many), many.sum(axis=1))
    with pytest.raises(EvidenceError, match="has ended"):
        scorer.score(ROWS)


def test_a_pickle_in_a_child_process(files):
    path = files / "model.pkl"
    with open_model(str(path), digest=RELEASE, file_digest=digest_of(path), timeout_s=30) as scorer:
        assert np.array_equal(scorer.score(ROWS), LOGISTIC.predict_proba(ROWS)[:, 1])
    with pytest.raises(EvidenceError, match="digest"):
        open_model(str(path), digest=RELEASE, timeout_s=30)


@pytest.mark.parametrize(
    ("name", "message", "code"),
    [
        ("hangs", "no answer within 0.5 s", "evidence.model-timeout"),
        ("breaks", "ValueError: no column age", "evidence.model-raised"),
        ("dies", "has ended", "evidence.model-raised"),
        ("short", "1 scores for 60 rows", "evidence.model-answer"),
    ],
)
def test_a_model_that_fails_in_its_own_process(module, name, message, code):
    timeout_s = 0.5 if name == "hangs" else 60
    with IsolatedScorer(f"{module}:{name}", release_digest=RELEASE, timeout_s=timeout_s) as scorer:
        with pytest.raises(EvidenceError, match=message) as caught:
            scorer.score(ROWS)
        assert caught.value.code == code


def test_a_child_that_cannot_open_its_model_says_why():
    with pytest.raises(EvidenceError, match="cannot be found"):
        IsolatedScorer("no_such_module:f", release_digest=RELEASE, timeout_s=5)
    with pytest.raises(FieldError):
        IsolatedScorer("m:f", release_digest=RELEASE, timeout_s=0)


def test_asking_twice_shows_chance_and_neighbours():
    assert determinism_check(CallableScorer(lambda rows: rows[:, 0], release_digest=RELEASE), ROWS).same
    draws = np.random.default_rng(1)
    chance = CallableScorer(lambda rows: draws.random(len(rows)), release_digest=RELEASE)
    assert determinism_check(chance, ROWS, rows_max=10).differing == 10
    neighbours = CallableScorer(lambda rows: rows[:, 0] + np.arange(len(rows)), release_digest=RELEASE)
    assert not determinism_check(neighbours, ROWS).alike
    rounded = CallableScorer(lambda rows: rows[:, 0] + 1e-12 * np.arange(len(rows)), release_digest=RELEASE)
    found = determinism_check(rounded, ROWS)
    assert (found.same, found.alike) == (False, True)
    with pytest.raises(FieldError):
        determinism_check(chance, ROWS[:0])


def test_asking_names_what_a_model_does_wrong():
    def breaks(rows):
        raise KeyError("age")

    with pytest.raises(EvidenceError, match="KeyError") as caught:
        ask(CallableScorer(breaks, release_digest=RELEASE), ROWS)
    assert caught.value.code == "evidence.model-raised"
    for answer in (math.nan, math.inf):
        with pytest.raises(EvidenceError, match="not finite"):
            ask(CallableScorer(lambda rows, a=answer: np.full(len(rows), a), release_digest=RELEASE), ROWS)
    with pytest.raises(EvidenceError, match="gives no reasons"):
        ask_reasons(CallableScorer(len, release_digest=RELEASE), ROWS)

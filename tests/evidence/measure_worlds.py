"""The worlds of the measures' cases: lending (rows with scores), a desk (minutes and arms), answers in text, attempts; and a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualtrack.evidence.models import Contributions
from dualtrack.evidence.sample import Roles

if TYPE_CHECKING:
    from numpy.typing import NDArray

RELEASE = "ab" * 32
DIGEST = "0" * 64
FEATURES = ("a", "b", "c", "sex")
WEIGHTS = np.array([1.6, -0.9, 0.4, 0.5])
CANARIES = tuple(f"harbour lantern {at:05} viaduct" for at in range(40))

Columns = dict[str, Any]


class Linear:
    """A logistic model with reasons that are its own; a missing feature counts as nothing."""

    release_digest = RELEASE

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return probabilities."""
        return 1 / (1 + np.exp(1.0 - np.nan_to_num(rows, posinf=9, neginf=-9) @ WEIGHTS))

    def contributions(self, rows: NDArray[np.float64]) -> Contributions:
        """Return what each feature adds to the log-odds."""
        return Contributions(np.nan_to_num(rows, posinf=9, neginf=-9) * WEIGHTS, -1.0, "logit")


def train(features: NDArray[np.float64], label: NDArray[np.bool_], seed: int) -> Any:
    """Train the quickest honest model: the difference of the classes' means."""
    del seed
    rows = np.nan_to_num(features, posinf=9, neginf=-9)
    towards = rows[label].mean(axis=0) - rows[~label].mean(axis=0) if label.any() and not label.all() else rows[0]
    middle = float(np.median(rows @ towards))
    return lambda asked: 1 / (1 + np.exp(middle - np.nan_to_num(asked, posinf=9, neginf=-9) @ towards))


def lending(rows: int, seed: int) -> Columns:
    """Return applicants with scores, decisions, a cruder baseline, protected attributes, times and splits."""
    random = np.random.default_rng(seed)
    columns: Columns = {name: random.normal(size=rows) for name in ("a", "b", "c")}
    columns["sex"] = random.integers(1, 3, rows).astype(np.float64)
    columns["race"] = np.array(["northern people", "southern people", "western people"], dtype=object)[
        random.integers(0, 3, rows)
    ]
    score = Linear().score(np.column_stack([columns[name] for name in FEATURES]))
    columns["score"] = score
    columns["baseline"] = 1 / (1 + np.exp(1.0 - 0.5 * columns["c"]))
    columns["label"] = (random.random(rows) < score).astype(np.int64)
    columns["decision"] = (score >= 0.4).astype(np.int64)
    columns["customer"] = np.arange(rows) // 2
    days = 1 + np.arange(rows) % 28
    columns["time"] = np.array([f"2026-05-{day:02}T09:00:00Z" for day in days], dtype=object)
    columns["known"] = np.array([f"2026-04-{day:02}T09:00:00Z" for day in days], dtype=object)
    columns["split"] = np.array(["train", "test"], dtype=object)[np.arange(rows) // 2 % 2]
    columns["checked"] = columns["a"].copy()
    columns["low"], columns["high"] = columns["b"] - 1, columns["b"] + 1
    return columns


LENDING = Roles(
    label="label",
    score="score",
    decision="decision",
    baseline="baseline",
    attributes=("sex", "race"),
    features=FEATURES,
    time="time",
    split="split",
    extra=("known", "checked", "low", "high"),
)
PAIRS = Roles(score="score", baseline="baseline", label="label", cluster="customer")


def desk(rows: int, seed: int) -> Columns:
    """Return cases of an office: minutes, with AI and without, by lot, by shift, and before or after a day."""
    random = np.random.default_rng(seed)
    customer = np.arange(rows) // 2
    shift = np.arange(rows) // 10
    lot = random.permutation(np.arange(rows // 2) % 2)[customer]
    turn = np.array([0, 1, 1, 0])[shift % 4]
    minutes = random.gamma(8, 2.0, rows)
    first = np.datetime64("2026-03-01T00:00:00")
    stamps = first + shift * np.timedelta64(12, "h") + (np.arange(rows) % 10) * np.timedelta64(1, "h")
    return {
        "customer": customer,
        "lot": lot,
        "turn": turn,
        "time": np.array([f"{stamp}Z" for stamp in stamps], dtype=object),
        "by_lot": minutes - 5 * lot,
        "by_turn": minutes - 5 * turn,
        "by_day": minutes - 5 * (shift >= shift.max() // 2),
        "seconds": random.gamma(4, 0.5, rows),
        "with_ai": minutes - 5 + random.normal(0, 1, rows),
        "without": minutes,
    }


def answers(rows: int, seed: int) -> Columns:
    """Return answers with their figures, what was expected, and the passages they rest on; three wordings a question."""
    random = np.random.default_rng(seed)
    question = np.arange(rows) // 3
    fees = 100 + 7 * question
    passages = [
        f"The annual fee of account {at} is HK${fee} from 3 May 2026." for at, fee in zip(question, fees, strict=True)
    ]
    said = [
        f'The annual fee of account {at} is HK${fee}. "{text}" [1]'
        for at, fee, text in zip(question, fees, passages, strict=True)
    ]
    wrong = random.random(rows) < 0.05
    said = [
        f"The annual fee of account {at} is HK$999." if bad else text
        for bad, at, text in zip(wrong, question, said, strict=True)
    ]
    short = [f"HK${999 if bad else fee}" for bad, fee in zip(wrong, fees, strict=True)]
    return {
        "asked": np.array([f"What does account {at} cost each year?" for at in question], dtype=object),
        "said": np.array(said, dtype=object),
        "short": np.array(short, dtype=object),
        "fee": np.array([f"HK${fee}" for fee in fees], dtype=object),
        "sources": np.array(passages, dtype=object),
        "wrong": wrong.astype(np.int64),
    }


def attempts(rows: int, seed: int) -> Columns:
    """Return attempts at injection: templates of families in two languages, and whether one got through."""
    random = np.random.default_rng(seed)
    template = np.arange(rows) // 4
    return {
        "template": np.array([f"template number {at}" for at in template], dtype=object),
        "family": np.array(["override", "exfiltration"], dtype=object)[template % 2],
        "language": np.array(["English", "Cantonese"], dtype=object)[np.arange(rows) % 2],
        "state_changing": (template % 3 == 0).astype(np.int64),
        "outcome": (random.random(rows) < 0.04).astype(np.int64),
    }

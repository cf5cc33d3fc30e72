"""Training of the weights from texts of our own writing; the same texts give the same file, byte for byte.

    python -m dualtrack.apps.service.triggers_training        # writes trigger_weights.json beside this module

Texts: `trigger_texts/` (a file a kind, `ordinary.yaml` for none) and the examples of the starter pack's intents, of which those that are about
a trigger stand for it, those that may or may not be are left out, and all others are ordinary, as are its questions about other passages. Logistic regression a kind, full gradient with
Nesterov's momentum (Nesterov 1983), a fixed number of steps: solvers of libraries stop by a tolerance, and end elsewhere on another machine.
"""

from __future__ import annotations

import re
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec
from scipy.sparse import csr_matrix

from dualtrack.apps.service.triggers_reading import PIECE_SIGNS, signs_of
from dualtrack.apps.service.triggers_rules import see, shipped_triggers
from dualtrack.apps.service.triggers_weights import STEADY, WEIGHTS_FILE, Weights, features_of
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["ORDINARY", "TrainingText", "encoded", "train", "training_texts", "write"]

ORDINARY = "ordinary"
"""The kind of a text that sets nothing off."""

_STEPS = 400
_PENALTY = 0.03
"""Set by five-fold cross-validation over the training texts: the least of 3, 1, 0.3, 0.1 and 0.03 found most at the same false alarms."""

_POSITIVE = 6.0
"""What an example of a kind weighs: there are some forty ordinary texts to each, and a miss is worse than a person called in vain."""

_NEAR = 3.0
"""What a text weighs that looks dangerous and is not."""

_OTHER_KIND = 0.3
"""What a text of another kind weighs as an example of what is none: a person hears it either way."""

_TEXTS_MIN = 2
_BYTE = 127
_LEAST = 3
_BOUND_STEPS = 30
_KIND_OF_INTENT = {
    "bank-lost-card": "scam_or_card", "bank-scam": "scam_or_card", "broker-fraud-alarm": "scam_or_card", "bank-complaint": "complaint",
    "broker-complain": "complaint", "insurer-complaint": "complaint", "mpf-complain": "complaint", "bank-person": "person",
    "broker-talk-to-person": "person", "insurer-person": "person", "bank-bereavement": "bereavement", "broker-bereaved": "bereavement",
}  # fmt: skip
_LEFT_OUT = frozenset({
    "bank-card-dispute", "bank-payment-problem", "bank-hardship", "bank-special-help", "bank-act-for-other", "broker-margin-shortfall",
    "broker-system-down", "insurer-cant-pay-premium", "insurer-hospital-admission", "insurer-motor-accident", "insurer-death-claim",
    "insurer-claim-dispute", "insurer-login-scam", "insurer-special-help", "mpf-ill-or-unfit", "mpf-need-cash-now", "mpf-after-death",
    "mpf-safe-or-scam", "mpf-person-or-bot", "bank-about-assistant", "insurer-about-assistant",
})  # fmt: skip
_DOUBTFUL_PASSAGE = re.compile(
    "abroad|accident|ai-|atm-fault|bereav|burglar|care|clm|cmp|complain|death|dispute|emergency|fdrc|fire|hardship|help|hospital|lost|margin|mistake|"
    "notshown|outage|person|safety|scam|sec|svc|theft|travel|trv|unauth|water|wd|apl|agent|disclosure"
)


class _Matrix(Protocol):
    """What is asked of a sparse matrix: its products and its turned form."""

    shape: tuple[int, int]
    T: _Matrix

    def tocsr(self) -> _Matrix: ...

    def __matmul__(self, other: NDArray[Any], /) -> NDArray[Any]: ...


class TrainingText(NamedTuple):
    """A text, its kind (the id of a trigger, or `ordinary`), its register, and how much it weighs as an example of what is none."""

    text: str
    kind: str
    register: str
    weight: float


class _Said(Record, frozen=True):
    text: str
    register: str = ""


class _Questions(Record, frozen=True):
    passage: str
    en: list[str]
    zh: list[str]
    yue: list[str]


class _Intent(Record, frozen=True):
    id: str
    examples: list[_Said]
    title: Any = None
    sector: str = ""
    passages: list[str] = []


def training_texts() -> list[TrainingText]:
    """Return the texts, in the order of their files, each once: a text of ours goes before one of the starter pack."""
    folder = resources.files("dualtrack.apps.service")
    texts = []
    for kind in [*(trigger.id for trigger in shipped_triggers()), ORDINARY]:
        where = f"trigger_texts/{kind}.yaml"
        said = read_record(read_yaml((folder / where).read_bytes(), where=where), dict[str, str], where=where)
        for register, lines in said.items():
            near = _NEAR if register.startswith("near_") else 1.0
            texts += [
                TrainingText(line, kind, register.removeprefix("near_"), near)
                for line in lines.splitlines()
                if line.strip()
            ]
    for sector in ("bank", "broker", "insurer", "mpf"):
        where = f"starter/intents-{sector}.yaml"
        for intent in read_record(read_yaml((folder / where).read_bytes(), where=where), list[_Intent], where=where):
            if intent.id not in _LEFT_OUT:
                kind = _KIND_OF_INTENT.get(intent.id, ORDINARY)
                texts += [TrainingText(said.text, kind, said.register, 1.0) for said in intent.examples]
        texts += _questions(f"starter/questions-{sector}.yaml")
    return list({each.text: each for each in reversed(texts)}.values())[::-1]


def _questions(where: str) -> list[TrainingText]:
    """Return questions about passages that are no trigger's: what may be one (a loss, a death, an accident …) is left out."""
    data = (resources.files("dualtrack.apps.service") / where).read_bytes()
    return [
        TrainingText(text, ORDINARY, register, 1.0)
        for asked in read_record(read_yaml(data, where=where), list[_Questions], where=where)
        if not _DOUBTFUL_PASSAGE.search(asked.passage)
        for register, texts in (("english", asked.en), ("written", asked.zh), ("cantonese", asked.yue))
        for text in texts
    ]


def train(texts: Sequence[TrainingText]) -> Weights:
    """Return the weights that the texts teach; the module is imported with numpy and scipy only."""
    rows = [_features(each.text) for each in texts]
    counts = Counter(feature for row in rows for feature in row)
    names = sorted(feature for feature, count in counts.items() if count >= _TEXTS_MIN)
    column = {name: place for place, name in enumerate(names)}
    held = [[column[feature] for feature in row if feature in column] for row in rows]
    starts = np.cumsum([0, *map(len, held)])
    values = np.concatenate(
        [np.full(len(row), (len(whole) + STEADY) ** -0.5) for row, whole in zip(held, rows, strict=True)]
    )
    matrix = csr_matrix((values, np.concatenate([np.array(row, int) for row in held]), starts), (len(rows), len(names)))
    kinds = tuple(trigger.id for trigger in shipped_triggers())
    wanted = np.array([[each.kind == kind for kind in kinds] for each in texts], float)
    weight = np.array([[_weight(each, kind) for kind in kinds] for each in texts])
    learnt, bias = _fitted(matrix, wanted, weight)
    return _rounded(kinds, names, learnt, bias)


def write(path: Path) -> None:
    """Train on the shipped texts and write the weights."""
    path.write_bytes(encoded(train(training_texts())))


def encoded(weights: Weights) -> bytes:
    """Return the bytes of a file of weights, one feature a line."""
    lines = [
        f"{msgspec.json.encode(name).decode()}:{msgspec.json.encode(pairs).decode()}"
        for name, pairs in weights.weights.items()
    ]
    head = ",\n".join(
        f'"{name}":{msgspec.json.encode(getattr(weights, name)).decode()}' for name in ("kinds", "bias", "scale")
    )
    return ("{" + head + ',\n"weights":{\n' + ",\n".join(lines) + "\n}}\n").encode()


def _features(text: str) -> list[str]:
    piece = signs_of(text)[:PIECE_SIGNS]
    return features_of(piece, see(piece))


def _weight(text: TrainingText, kind: str) -> float:
    if text.kind == kind:
        return _POSITIVE
    return text.weight if text.kind == ORDINARY else _OTHER_KIND


def _fitted(matrix: _Matrix, wanted: NDArray[Any], weight: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Minimise the weighted logistic loss plus half `_PENALTY` times the squared weights; the bias goes free."""
    turned = matrix.T.tocsr()
    learnt, bias = np.zeros((matrix.shape[1], wanted.shape[1])), np.zeros(wanted.shape[1])
    ahead, ahead_bias, pace = learnt, bias, 1.0
    step = 1.0 / (0.25 * weight.max(axis=0) * _largest(matrix, turned) + _PENALTY)
    step_bias = 1.0 / (0.25 * weight.sum(axis=0))
    for _ in range(_STEPS):
        slope = weight * (1.0 / (1.0 + np.exp(-(matrix @ ahead + ahead_bias))) - wanted)
        new = ahead - step * (turned @ slope + _PENALTY * ahead)
        new_bias = ahead_bias - step_bias * slope.sum(axis=0)
        next_pace = (1.0 + (1.0 + 4.0 * pace * pace) ** 0.5) / 2.0
        push = (pace - 1.0) / next_pace
        ahead, ahead_bias = new + push * (new - learnt), new_bias + push * (new_bias - bias)
        learnt, bias, pace = new, new_bias, next_pace
    return learnt, bias


def _largest(matrix: _Matrix, turned: _Matrix) -> float:
    """Return a bound of the largest eigenvalue of the features' products, by power iteration from a positive start, with a fifth in reserve."""
    vector, size = np.ones(matrix.shape[1]), 1.0
    for _ in range(_BOUND_STEPS):
        vector = turned @ (matrix @ (vector / size))
        size = float(np.sqrt(vector @ vector))
    return 1.2 * size


def _rounded(kinds: tuple[str, ...], names: Sequence[str], learnt: NDArray[Any], bias: NDArray[Any]) -> Weights:
    scale = [float(f"{largest / _BYTE:.6g}") for largest in np.abs(learnt).max(axis=0)]
    whole = np.rint(learnt / np.array(scale)).astype(int)
    kept = {
        name: tuple((kind, int(weight)) for kind, weight in enumerate(row) if abs(weight) >= _LEAST)
        for name, row in zip(names, whole, strict=True)
    }
    return Weights(
        kinds=kinds,
        bias=tuple(float(f"{each:.6g}") for each in bias),
        scale=tuple(scale),
        weights={name: pairs for name, pairs in kept.items() if pairs},
    )


if __name__ == "__main__":
    write(Path(__file__).with_name(WEIGHTS_FILE))

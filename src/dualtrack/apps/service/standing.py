"""A corpus as it stands on a day: what is wrong with it, and the assistant that answers from it. The last few are kept made."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dualtrack.apps.service.gaps import find_gaps
from dualtrack.apps.service.turn import Assistant

if TYPE_CHECKING:
    from datetime import date

    from dualtrack.apps.service.gaps import Finding
    from dualtrack.runtime.passages.corpus import Corpus, Passage

__all__ = ["KEPT_MAX", "Standing", "standing_of"]

KEPT_MAX = 4
"""Corpora kept made: those of the chats of one firm. Findings and indices of 2,000 passages take seconds to make."""


class Standing:
    """A corpus on a day. Its parts are made when they are first asked for."""

    def __init__(self, corpus: Corpus, digest: str, on: date) -> None:
        self.corpus, self.digest, self.on = corpus, digest, on

    @cached_property
    def serving(self) -> tuple[Passage, ...]:
        """The passages in force."""
        return self.corpus.serving(self.on)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the passages."""
        return tuple(find_gaps(self.corpus, on=self.on))

    @cached_property
    def assistant(self) -> Assistant:
        """What answers from them."""
        return Assistant(self.corpus, on=self.on)


_kept: dict[tuple[str, date], Standing] = {}


def standing_of(corpus: Corpus, *, on: date) -> Standing:
    """Return how a corpus stands on a day."""
    global _kept  # noqa: PLW0603 - a new mapping each time, so that a thread that reads the old one is not disturbed
    digest = corpus.digest()
    found = _kept.get((digest, on))
    if found is None:
        found = Standing(corpus, digest, on)
        newest = list(_kept.items())[-(KEPT_MAX - 1) :]
        _kept = {**dict(newest), (digest, on): found}
    return found

"""How much of a sentence stands in its source: words by stems, Chinese by words of the lists and pairs of characters; figures are held elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.service.grounding.findings import Finding

if TYPE_CHECKING:
    from dualtrack.apps.service.grounding.reading import Part, Source

__all__ = ["covered", "uncovered"]

_PREFIX = 5
_HALF = 0.5
_POOR = 0.5
_FEW = 0.25


def uncovered(part: Part, source: Source) -> list[Finding]:
    """Return how far a sentence falls short of half of its words, from 0 to 1, and the words that its source lacks."""
    share, lacking = covered(part, source)
    shown = " ".join(lacking)
    if share >= _POOR:
        return []
    if share < _FEW:
        return [Finding("few words known", 1.0, "coverage", shown)]
    return [Finding("most words lacking", (_POOR - share) / _POOR, "coverage", shown)]


def covered(part: Part, source: Source) -> tuple[float, tuple[str, ...]]:
    """Return the share of a sentence's words that the source has, and those that it lacks; 1 for a sentence of figures only, 0 for one without any word.

    A pair of Chinese characters of which the source has both, though not as a pair, counts half: word order and endings differ between wordings.
    """
    tokens = [token.text for token in part.tokens if token.text[0] != "#"]
    if not tokens:
        return (1.0 if part.tokens else 0.0), ()
    held = 0.0
    lacking: list[str] = []
    for token in tokens:
        if token in source.words or (token.isascii() and len(token) >= _PREFIX and token[:_PREFIX] in source.stems):
            held += 1
        elif not token.isascii() and all(sign in source.characters for sign in token):
            held += _HALF
        else:
            lacking.append(token)
    return held / len(tokens), tuple(lacking)

"""A sentence against the one sentence of its source that is most like it: what it leaves out, denies or names that this one does not."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from dualtrack.apps.service.grounding.findings import Finding
from dualtrack.apps.service.grounding.parties import other_parties
from dualtrack.apps.service.grounding.polarity import EXCEPTION
from dualtrack.apps.service.grounding.words import MINUS, PLUS, WEAK

if TYPE_CHECKING:
    from dualtrack.apps.service.grounding.reading import Part, Source
    from dualtrack.apps.service.grounding.words import Clause

__all__ = ["apart"]

_CONDITION = re.compile(
    r"(?<![a-z])(?:if|unless|only|except|provided|until|once|when|where|as long as|other than|but not)(?![a-z])"
    r"|如|若|除|只|仅|须先|后方|才|方可|但|当.{1,20}时"
)
_PAIRS_LEAST = 2
_TOGETHER = 2
_DENIED = MINUS | WEAK


def apart(part: Part, source: Source) -> list[Finding]:
    """Return what tells a sentence from the sentence of its source that holds most of its words; nothing where none holds any."""
    whole = part.clauses[-1]
    ranked = _ranked(whole, source)
    if not ranked:
        return []
    best = source.parts[ranked[0][1]]
    known = best.clauses[-1]
    found = [
        Finding("words of several places", 1.0 - _held_by(ranked[:_TOGETHER], whole, source), "coverage", part.text)
    ]
    if _CONDITION.search(best.text) and not _CONDITION.search(part.text):
        found.append(Finding("condition left out", ranked[0][0], "polarity", part.text))
    said, meant = _denials(part), _denials(best)
    if said and not meant and _denied_of(whole, known) and not EXCEPTION.search(part.text):
        found.append(Finding("denial added", ranked[0][0], "polarity", part.text))
    if meant and not said and _denied_of(known, whole):
        found.append(Finding("denial left out", ranked[0][0], "polarity", part.text))
    found += other_parties(part.parties, part.text, best.parties, best.text, source.parties)
    crossed = _crossed(part, best)
    if crossed:
        found.append(Finding("other order", crossed, "subject", part.text))
    return found


def _ranked(whole: Clause, source: Source) -> list[tuple[float, int]]:
    """Return the share of a sentence's words, by rarity, of each sentence of the source, highest first."""
    weights = source.weights
    said = {word: weights[word] for word in whole.words if word in weights}
    total = sum(said.values())
    if not total:
        return []
    found: list[tuple[float, int]] = []
    for at, part in enumerate(source.parts):
        words = part.clauses[-1].words
        found.append((sum([weight for word, weight in said.items() if word in words]) / total, at))
    found.sort(reverse=True)
    return found


def _held_by(ranked: list[tuple[float, int]], whole: Clause, source: Source) -> float:
    """Return the share of the words known to the source that the sentences ranked first hold together."""
    known = [word for word in whole.words if word in source.weights]
    held = sum(any(word in source.parts[at].clauses[-1].words for _, at in ranked) for word in known)
    return held / len(known)


def _denials(part: Part) -> int:
    return sum(each.denials for each in part.clauses if not each.whole)


def _denied_of(one: Clause, other: Clause) -> bool:
    """Say whether a word that the one only denies is one that the other does not deny at all."""
    return any(
        not sign & PLUS and word in other.words and not other.words[word] & _DENIED for word, sign in one.words.items()
    )


def _crossed(part: Part, best: Part) -> float:
    """Return the share of neighbouring words of a sentence that stand the other way round in the source's."""
    places = {token.text: token.start for token in best.tokens}
    spots = [places[token.text] for token in part.tokens if token.text in places]
    if len(spots) <= _PAIRS_LEAST:
        return 0.0
    pairs = list(pairwise(spots))
    return sum(second < first for first, second in pairs) / len(pairs)

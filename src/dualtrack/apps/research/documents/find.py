"""Find the pages that answer a question: the filing first, then BM25 inside it, and pages that hold the statement or line asked for.

BM25 as in Robertson et al., "Okapi at TREC-3" (1994). Numbers of a question are not searched; what it names (a metric, a line) adds the
words that reports use for it, in both languages. A page with the statement in which such a line stands is preferred: it took the right
page at rank 1 from 25 to 53 of 100 questions about filings when this was tried out.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.documents.labels import StatementKind, labels
from dualtrack.apps.research.documents.periods import read_periods
from dualtrack.apps.research.documents.resolver import QUESTION_MAX
from dualtrack.apps.research.documents.wording import index_terms, meant_by

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.apps.research.documents.model import About, Form
    from dualtrack.apps.research.documents.store import DocumentStore, Kept, Posting

__all__ = ["Hit", "search"]

_K1, _B = 1.2, 0.75
"""Constants of BM25 in common use; the length of a page matters, as pages of numbers are short."""

_WIDER = 0.5
"""Weight of words that a question does not say but reports use for what it names."""

_STATEMENT, _LINE = 0.6, 0.3
"""Share of the best page's score added to a page with the statement asked for, and to one with the very line."""

_SCORED_MAX = 8_000
"""Postings that are scored in full, from the rarest term; commoner terms are then looked up only on the best pages so far."""

_KEPT_MAX = 500
"""Pages that are kept for that."""

_SAME: Mapping[str, frozenset[str]] = {
    "annual": frozenset({"annual", "results"}),
    "interim": frozenset({"interim", "results"}),
    "results": frozenset({"annual", "interim", "results", "quarterly"}),
}
"""Forms that answer for one another in the same period: an announcement of results and the report that follows."""

_EXCERPT_MAX = 240


class Hit(NamedTuple):
    """A page that may answer: the document by its digest, what was said of it, the statements on the page, its best line."""

    sha256: str
    about: About
    page: int
    score: float
    statements: tuple[StatementKind, ...]
    excerpt: str


_Key = tuple[int, int]


def search(
    store: DocumentStore,
    question: str,
    *,
    issuer: str | None = None,
    period: str | None = None,
    form: Form | None = None,
    most: int = 10,
) -> tuple[Hit, ...]:
    """Return the best pages, best first; `issuer` is what documents were loaded under, `period` any words for it (`FY2025`)."""
    question = question[:QUESTION_MAX]
    every = store.documents()
    among = _among(every, issuer, period, form)
    if not among:
        return ()
    kept = {each.number: each for each in among}
    terms = _weights(question)
    scores, rarity = _scores(store, kept, terms, whole=len(among) == len(every))
    _prefer(store, kept, question, scores, _named_share(question, rarity))
    best = heapq.nsmallest(max(0, most), scores, key=lambda key: (-scores[key], key))
    return tuple(_hit(store, kept[key[0]], key[1], scores[key], terms) for key in best)


def _among(every: Sequence[Kept], issuer: str | None, period: str | None, form: Form | None) -> list[Kept]:
    """Return the documents that a question may be about; a year's numbers also stand in the report of the year after."""
    found = [each for each in every if issuer is None or each.about.issuer == issuer]
    if form is not None:
        found = [each for each in found if each.about.form in _SAME.get(form, {form})]
    years = {each.year for each in read_periods(period)} if period else set()
    if not years:
        return found
    own = {each.number for each in found if each.year is None or each.year in years}  # without a year it may be of any
    if not years.intersection(each.year for each in found):
        own |= {each.number for each in found if each.year is not None and each.year - 1 in years}
    return [each for each in found if each.number in own]


@lru_cache(maxsize=512)
def _weights(question: str) -> Mapping[str, float]:
    """Return the terms of a question with their weights; words that reports use for its concepts count for less."""
    terms = dict.fromkeys(index_terms(question), 1.0)
    for name in meant_by(question).concepts:
        concept = labels().concepts.get(name)
        for label in (concept.en[0], concept.zh[0]) if concept else ():
            for term in index_terms(label):
                terms.setdefault(term, _WIDER)
    return terms


def _scores(
    store: DocumentStore, kept: Mapping[int, Kept], terms: Mapping[str, float], *, whole: bool
) -> tuple[dict[_Key, float], dict[str, float]]:
    """Return the score of each page that holds a term, and how rare each term is here."""
    pages = sum(len(each.lengths) for each in kept.values())
    mean = max(1.0, sum(sum(each.lengths) for each in kept.values()) / max(1, pages))
    read = [(term, list(store.postings(term, None if whole else tuple(kept)))) for term in terms]
    read.sort(key=lambda each: sum(len(one.pages) for one in each[1]))
    scores: dict[_Key, float] = {}
    rarity: dict[str, float] = {}
    done = 0
    for term, postings in read:
        count = sum(len(one.pages) for one in postings)
        if not count:
            continue
        rarity[term] = math.log(1 + (pages - count + 0.5) / (count + 0.5))
        gain = terms[term] * rarity[term] * (_K1 + 1)
        if done + count > _SCORED_MAX and scores:
            scores = _kept_only(scores)
            _look_up(postings, kept, scores, gain, mean)
        else:
            _add(postings, kept, scores, gain, mean)
        done += count
    return scores, rarity


def _named_share(question: str, rarity: Mapping[str, float]) -> float:
    """Return the share of a question's weight that names metrics, lines or statements; the rest asks for something else.

    The name of an issuer weighs little here, since in its own documents it is everywhere.
    """
    asked = {term: rarity[term] for term in index_terms(question) if term in rarity}
    named = sum(weight for term, weight in asked.items() if term in meant_by(question).terms)
    return named / whole if (whole := sum(asked.values())) else 1.0


def _add(
    postings: list[Posting], kept: Mapping[int, Kept], scores: dict[_Key, float], gain: float, mean: float
) -> None:
    base, slope = _K1 * (1 - _B), _K1 * _B / mean
    for number, pages, times in postings:
        lengths = kept[number].lengths
        for page, n in zip(pages, times, strict=True):
            key = (number, page)
            scores[key] = scores.get(key, 0.0) + gain * n / (n + base + slope * lengths[page - 1])


def _kept_only(scores: dict[_Key, float]) -> dict[_Key, float]:
    if len(scores) <= _KEPT_MAX:
        return scores
    return dict(heapq.nlargest(_KEPT_MAX, scores.items(), key=lambda each: each[1]))


def _look_up(
    postings: list[Posting], kept: Mapping[int, Kept], scores: dict[_Key, float], gain: float, mean: float
) -> None:
    base, slope = _K1 * (1 - _B), _K1 * _B / mean
    by_number = {each.document: each for each in postings}
    for key in scores:
        posting = by_number.get(key[0])
        if posting is None:
            continue
        place = bisect_left(posting.pages, key[1])
        if place < len(posting.pages) and posting.pages[place] == key[1]:
            n = posting.times[place]
            scores[key] += gain * n / (n + base + slope * kept[key[0]].lengths[key[1] - 1])


def _prefer(
    store: DocumentStore, kept: Mapping[int, Kept], question: str, scores: dict[_Key, float], share: float
) -> None:
    """Raise pages that hold the statement or the line that a question names, in documents that it may be about."""
    meant = meant_by(question)
    top = share * max(scores.values(), default=1.0)
    wanted = set(meant.statements)
    if wanted:
        for number, each in kept.items():
            for page, kinds in each.statements.items():
                if wanted.intersection(kinds):
                    scores[number, page] = scores.get((number, page), 0.0) + _STATEMENT * top
    if meant.concepts:
        for key in store.pages_with(meant.concepts):
            if key in scores:
                scores[key] += _LINE * top


def _hit(store: DocumentStore, kept: Kept, page: int, score: float, terms: Mapping[str, float]) -> Hit:
    lines = store.page(kept.sha256, page).lines
    best = max(lines, key=lambda line: sum(terms.get(term, 0.0) for term in set(index_terms(line.text))), default=None)
    return Hit(
        sha256=kept.sha256,
        about=kept.about,
        page=page,
        score=score,
        statements=kept.statements.get(page, ()),
        excerpt=best.text[:_EXCERPT_MAX] if best else "",
    )

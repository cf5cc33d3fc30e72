"""The page that answers a question, among the first by words (BM25 and statements) and by words and meaning; processor time of each.

    python benchmarks/page_order.py [--reports 12] [--first 301] [--smoke]

Annual reports of the generator, in English and Chinese by turns, each of an issuer of its own, in one store. Their questions have an answer
that stands on known pages; the issuer and the year are settled first, as the desk does. Weights were set on the reports of seeds from 101 on.
Shares carry n and a 95 per cent Wilson interval; questions of one report are not independent, so these are somewhat narrow. Without the extra
`vectors` only words are measured. No limit: which order serves is the desk's choice.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

from dualtrack.apps.research.asking import without_names
from dualtrack.apps.research.documents.find import search
from dualtrack.apps.research.documents.meaning import RERANKED_MAX, PageMeaning
from dualtrack.apps.research.documents.resolver import resolve
from dualtrack.apps.research.documents.store import DocumentStore
from dualtrack.apps.research.evidence.questions import make_questions
from dualtrack.apps.research.evidence.reports import load_reports, names_of
from dualtrack.errors import MissingExtraError
from dualtrack.evidence.intervals.wilson import wilson_limits
from dualtrack.runtime.passages.vectors import load_embedder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.documents.find import Hit

ON = date(2026, 11, 27)
AMONG = (1, 3, 6)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=12)
    parser.add_argument("--first", type=int, default=301)
    parser.add_argument("--smoke", action="store_true")
    chosen = parser.parse_args()
    try:
        meaning: PageMeaning | None = PageMeaning(load_embedder())
    except MissingExtraError as error:
        meaning = None
        print(f"meaning is not measured: {error.found}")
    loaded = list(load_reports(1 if chosen.smoke else chosen.reports, first=chosen.first))
    names = names_of([each.truth for each in loaded])
    ranks: dict[tuple[str, str], list[int]] = defaultdict(list)
    spent: dict[str, list[float]] = defaultdict(list)
    with DocumentStore(":memory:") as store:
        for each in loaded:
            store.add(each.document, each.facts)
        for each in loaded:
            for question in make_questions(each.truth):
                meant = resolve(question.text, names, on=ON)
                if not question.right or meant.clarify:
                    continue
                right = {(each.document.sha256, page) for amount in question.right for page in amount.pages}
                period = f"FY{max(one.year for one in meant.periods)}" if meant.periods else None
                issuer = meant.issuers[0].code if len(meant.issuers) == 1 else None
                begun = time.process_time()
                hits = search(store, question.text, issuer=issuer, period=period, most=RERANKED_MAX)
                spent["words"].append(time.process_time() - begun)
                ranks["words", each.truth.language].append(rank(hits, right))
                if meaning is not None:
                    begun = time.process_time()
                    hits = meaning.order(without_names(question.text, names), hits, store)
                    spent["and meaning"].append(time.process_time() - begun)
                    ranks["and meaning", each.truth.language].append(rank(hits, right))
    for (how, language), found in sorted(ranks.items(), reverse=True):
        print(f"{how:12} {language:8} " + ", ".join(share(found, most) for most in AMONG))
    for how, seconds in spent.items():
        print(
            f"{how:12} {1e3 * statistics.median(seconds):.1f} ms p50, {1e3 * statistics.mean(seconds):.1f} ms mean (pages seen first are read)"
        )
    return 0


def rank(hits: Sequence[Hit], right: set[tuple[str, int]]) -> int:
    """Return the place of the first right page, RERANKED_MAX + 1 where there is none."""
    places = (place for place, hit in enumerate(hits, 1) if (hit.sha256, hit.page) in right)
    return next(places, RERANKED_MAX + 1)


def share(ranks: Sequence[int], most: int) -> str:
    hits = sum(each <= most for each in ranks)
    low, high = wilson_limits(hits, len(ranks), 0.95)
    return f"among {most}: {hits}/{len(ranks)} = {hits / len(ranks):.3f} [{low:.2f}, {high:.2f}]"


if __name__ == "__main__":
    sys.exit(main())

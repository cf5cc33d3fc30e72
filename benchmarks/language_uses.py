"""How well the carried passages are found: top-1 and top-3 by use and language, what is refused, and the time of a search.

    python benchmarks/language_uses.py [--smoke]

The threshold of refusal in retrieval.yaml follows one rule on the first wording of each case: the largest step of 0.05 at which
at most one fair question in twenty is refused, both uses together. This program prints what the rule gives beside what the file
says, and measures on the other wordings only. Passages, other words and questions were written by one hand: upper bounds.
Ends with 1 where the file and the rule differ, or a search takes longer than a millisecond at the median.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from datetime import date

from dualtrack.demo.language.corpus import USES, load_corpus
from dualtrack.demo.language.intervals import clustered_share
from dualtrack.demo.language.questions import LANGUAGES, asked, load_questions
from dualtrack.runtime.passages.search import Answer, Index, load_settings

ON = date(2026, 11, 26)
REFUSED_MOST = 0.05
SEARCH_MS_MAX = 1.0


def index_of(use, language):
    return Index(load_corpus(use).serving(ON), language, load_settings())


def line(found):
    return f"{found.hits:3}/{found.n:<3} {found.estimate:.3f} [{found.low:.3f}, {found.high:.3f}]"


def by_case(items, hit):
    cases = {}
    for item in items:
        hits, tries = cases.get(item.case.id, (0, 0))
        cases[item.case.id] = (hits + hit(item), tries + 1)
    return clustered_share(list(cases.values()))


def threshold(language):
    """Return what the rule gives for a language."""
    covered = []
    for use in USES:
        index = index_of(use, language)
        for item in asked(load_questions(use), expect="answer", language=language):
            if item.wording == 0:
                found = index.search(item.text, 1)
                covered.append(found[0].coverage if found else 0.0)
    steps = [step / 20 for step in range(1, 20)]
    return max(step for step in steps if sum(value < step for value in covered) <= REFUSED_MOST * len(covered))


def measure(use, language):
    index, questions = index_of(use, language), load_questions(use)
    fair = [item for item in asked(questions, expect="answer", language=language) if item.wording > 0]
    best = {item.text: [found.passage.id for found in index.search(item.text, 3)] for item in fair}
    top1 = by_case(fair, lambda item: bool(set(best[item.text][:1]) & set(item.case.passages)))
    top3 = by_case(fair, lambda item: bool(set(best[item.text]) & set(item.case.passages)))
    answers = {item.text: index.answer(item.text) for item in fair}
    given = [item for item in fair if isinstance(answers[item.text], Answer)]
    right = by_case(given, lambda item: bool(set(answers[item.text].citations) & set(item.case.passages)))
    print(f"{use:7}{language:8} top-1 {line(top1)}  top-3 {line(top3)}")
    print(f"{'':15} answered {len(given)}/{len(fair)}, right of those {line(right)}")
    for kind in ("out_of_scope", "advice"):
        items = asked(questions, expect=kind, language=language)
        refused = by_case(items, lambda item: not isinstance(index.answer(item.text), Answer))
        print(f"{'':15} {kind} refused by retrieval alone {line(refused)}")


def search_ms(use, language, rounds):
    index, texts = index_of(use, language), [item.text for item in asked(load_questions(use), language=language)]
    spent = []
    for _ in range(rounds):
        for text in texts:
            begun = time.perf_counter()
            index.search(text)
            spent.append((time.perf_counter() - begun) * 1000)
    return statistics.median(spent), statistics.quantiles(spent, n=100)[98], len(index.passages)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="few rounds")
    rounds = 1 if parser.parse_args().smoke else 20
    wrong = 0
    limits = load_settings().coverage_least
    for language in LANGUAGES:
        rule, said = threshold(language), limits.en if language == "en" else limits.zh
        wrong += rule != said
        print(f"refusal below a coverage of {said} ({language}); the rule gives {rule}")
    for use in USES:
        for language in LANGUAGES:
            measure(use, language)
            p50, p99, passages = search_ms(use, language, rounds)
            wrong += p50 > SEARCH_MS_MAX
            print(f"{'':15} search over {passages} passages: p50 {p50:.3f} ms, p99 {p99:.3f} ms")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())

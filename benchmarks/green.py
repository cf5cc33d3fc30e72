"""Green claims of made reports: planted claims found, sentences taken for claims that are none, verdicts right; seconds a report.

    python benchmarks/green.py [--reports 8] [--first 1] [--scanned] [--wrong] [--smoke]

Each seed makes one report in English, one in Chinese and one in both. The truth is what the generator says of each sentence: supported by the
report's own table, contradicted by it, or borne out by nothing there (a vague word counts as that). The sentences come from 13 patterns, all known
when the words of the check were last mended, so this shows that nothing broke, not how real reports fare: docs/green-claims.md has sets of sentences
that were written before they were tried. `--scanned` draws the pages of claims and evidence as pictures first, 150 dots an inch, and has them
read by OCR. Shares with a 95 per cent Wilson interval over claims. CPU seconds of this process and the reader of PDF.
Limits: 0.98 found, 0.98 of verdicts right, 0.02 taken for claims that are none. Ends with 1 if missed.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import unicodedata
from collections import Counter
from pathlib import Path

from ocr import SCANS, scanned

from dualtrack.apps.research.documents.loading import load_document
from dualtrack.apps.research.documents.model import About
from dualtrack.apps.research.generator.make import make_report
from dualtrack.apps.research.green.check import check_report
from dualtrack.evidence.intervals.wilson import wilson_limits

FOUND_LEAST = RIGHT_LEAST = 0.98
FALSE_MOST = 0.02
EXPECTED = {"supported": "supported", "contradicted": "contradicted", "unsupported": "unsupported", "vague": "unsupported"}  # fmt: skip
"""Outcome of the check by the generator's verdict."""


def tight(text: str) -> str:
    """Return a text without its blanks, which differ at the ends of lines, and full-width marks as usual ones."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def checked(seed: int, language: str, folder: Path, found: Counter[str], *, say: bool, scan: bool) -> None:
    """Add to the counts what became of a report's claims."""
    report = make_report(seed, language=language)
    path = folder / f"{seed}-{language}.pdf"
    pages = sorted({page for each in report.truth.claims for page in (each.page, each.evidence_page) if page})
    path.write_bytes(scanned(report.pdf, pages, SCANS[0]) if scan else report.pdf)
    numbers = {page: at for at, page in enumerate(pages, 1)} if scan else {page: page for page in pages}
    about = About(name=path.name, licence="made", period=f"FY{report.truth.year}", form="esg", ocr=scan)
    result = check_report(*load_document(path, about))
    planted = [(text, each) for each in report.truth.claims for text in _texts(each.text, language)]
    left = {claim.number: (claim, verdict) for claim, verdict in zip(result.claims, result.verdicts, strict=True)}
    for text, truth in planted:
        mine = [
            number
            for number, (claim, _) in left.items()
            if claim.page == numbers[truth.page] and tight(claim.text) in text
        ]
        outcomes = {left.pop(number)[1].outcome for number in mine}
        found["planted"] += 1
        found["found"] += bool(mine)
        found["right"] += outcomes == {EXPECTED[truth.verdict]}
        if say and outcomes != {EXPECTED[truth.verdict]}:
            print(f"  seed {seed}, {language}: {text}: {truth.verdict}, found {sorted(outcomes)}")
    found["false"] += len(left)
    found["all"] += len(result.claims)
    if say:
        for claim, verdict in left.values():
            print(f"  seed {seed}, {language}: no claim: {claim.text} ({verdict.outcome})")


def _texts(text, language: str) -> list[str]:
    each = {"en": [text.en], "zh-Hant": [text.zh], "both": [text.en, text.zh]}[language]
    return [tight(one) for one in each]


def share(count: int, n: int) -> str:
    """Return a share with its interval."""
    low, high = wilson_limits(count, n, 0.95)
    return f"{count} of {n} ({low:.3f} to {high:.3f})"


def used_s() -> float:
    """Return CPU seconds of this process and those it ran."""
    own, ran = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ran.ru_utime + ran.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=8)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--scanned", action="store_true")
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    given = parser.parse_args()
    if given.smoke:
        given.reports = 1
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        for language in ("en", "zh-Hant", "both"):
            found: Counter[str] = Counter()
            begun = used_s()
            for seed in range(given.first, given.first + given.reports):
                checked(seed, language, Path(folder), found, say=given.wrong, scan=given.scanned)
            print(
                f"{language:8} planted claims found {share(found['found'], found['planted'])}; verdict right, of those found "
                f"{share(found['right'], found['found'])}; taken for claims that are none {share(found['false'], found['all'])}; "
                f"{(used_s() - begun) / given.reports:.1f} s a report with making it",
                flush=True,
            )
            missed |= found["found"] < FOUND_LEAST * found["planted"] or found["right"] < RIGHT_LEAST * found["found"]
            missed |= found["false"] > FALSE_MOST * found["all"]
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())

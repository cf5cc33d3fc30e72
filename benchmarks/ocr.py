"""Scans of made reports read by OCR: numbers of their tables that are right, wrong and taken all the same, doubtful, or not read; seconds a page.

    python benchmarks/ocr.py [--english 4] [--chinese 3] [--pages 2] [--first 11] [--wrong] [--smoke]

Of each report the pages with most numbers in tables are drawn as pictures at 150 and at 100 dots an inch, clean (JPEG at quality 75) and noisy
(normal noise of 40 grey levels of 255, JPEG at quality 40), and read as a PDF without text. The truth is what the reader of text finds on the
same page; a number is held against what was read where it stands. `doubtful` ends with a mark and is no number to anything that computes.
Seeds 1 to 4 were used while thresholds were set; the default begins at 11. Shares with a 95 per cent Wilson interval over numbers, which are not
independent within a page. CPU seconds of the reading process, its start and the loading of models within. Limit: at most 0.005 wrong and taken
of the numbers of clean scans. Ends with 1 if missed.
"""

from __future__ import annotations

import argparse
import io
import resource
import sys
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pypdfium2 as pdfium
from PIL import Image

from dualtrack.apps.research.documents.layout import is_figure
from dualtrack.apps.research.documents.model import About
from dualtrack.apps.research.documents.ocr import DOUBT, read_pictures
from dualtrack.apps.research.documents.pdf import ask_pdf_reader, read_pdf
from dualtrack.apps.research.generator.make import make_report
from dualtrack.apps.research.reported import read_reported
from dualtrack.evidence.intervals.wilson import wilson_limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.apps.research.documents.model import Cell, Page

WRONG_MOST = 0.005
NEAR = 2.0
"""Points by which boxes of the same number may differ."""


class Scan(NamedTuple):
    """How a page becomes a picture: its name, dots an inch, deviation of the noise in grey levels, quality of JPEG."""

    name: str
    dots: int
    noise: float
    quality: int


SCANS = (
    Scan("150 clean", 150, 0, 75), Scan("100 clean", 100, 0, 75), Scan("150 noisy", 150, 40, 40), Scan("100 noisy", 100, 40, 40),
)  # fmt: skip


def scanned(data: bytes, pages: list[int], how: Scan) -> bytes:
    """Return pages of a PDF as a PDF of pictures."""
    source, drawn = pdfium.PdfDocument(data), np.random.default_rng(0)
    pictures = []
    for number in pages:
        picture = source[number - 1].render(scale=how.dots / 72).to_pil().convert("L")
        if how.noise:
            grey = np.asarray(picture, dtype=float) + drawn.normal(0, how.noise, (picture.height, picture.width))
            picture = Image.fromarray(grey.clip(0, 255).astype("uint8"))
        pictures.append(picture)
    made = io.BytesIO()
    pictures[0].save(made, "PDF", save_all=True, append_images=pictures[1:], resolution=how.dots, quality=how.quality)
    return made.getvalue()


def numbers(page: Page) -> list[Cell]:
    """Return the cells of a page that are numbers, dashes for nil left out."""
    found = (cell for table in page.tables for row in table.rows for cell in row)
    return [cell for cell in found if is_figure(cell.text) and any(letter.isdigit() for letter in cell.text)]


def judged(want: Cell, page: Page | None) -> tuple[str, str]:
    """Return what became of a number, and what was read where it stands."""
    box = want.box
    if page is None or box is None:
        return "unread", ""
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    for cell in (cell for table in page.tables for row in table.rows for cell in row):
        at = cell.box
        if at and at.left - NEAR <= x <= at.right + NEAR and at.top - NEAR <= y <= at.bottom + NEAR:
            if cell.text.endswith(DOUBT):
                return "doubtful", cell.text
            read, right = read_reported(cell.text), read_reported(want.text)
            if read is None or right is None:
                return "unread", cell.text
            return ("right" if read == right else "wrong"), cell.text
    return "unread", ""


def measured(seed: int, language: str, most: int, how: Scan) -> Iterator[tuple[str, str, str]]:
    """Yield what became of each number of a report's fullest pages, what was printed and what was read."""
    data = make_report(seed, language=language).pdf
    pages = sorted(read_pdf(data, About(name="text", licence="made")).pages, key=lambda page: -len(numbers(page)))[
        :most
    ]
    picture = scanned(data, [page.number for page in pages], how)
    read = read_pictures(picture, range(1, len(pages) + 1), "scan", ask_pdf_reader)
    for at, page in enumerate(pages, 1):
        for cell in numbers(page):
            yield (*judged(cell, read.get(at)), cell.text)


def children_s() -> float:
    """Return CPU seconds of processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def share(count: int, n: int) -> str:
    """Return a share with its interval."""
    low, high = wilson_limits(count, n, 0.95)
    return f"{count:>4} of {n} ({low:.3f} to {high:.3f})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--english", type=int, default=4)
    parser.add_argument("--chinese", type=int, default=3)
    parser.add_argument("--pages", type=int, default=2)
    parser.add_argument("--first", type=int, default=11)
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    given = parser.parse_args()
    if given.smoke:
        given.english, given.chinese, given.pages = 1, 0, 1
    missed = False
    for language, reports in (("en", given.english), ("zh-Hant", given.chinese)):
        for how in SCANS[:1] if given.smoke else SCANS:
            found: Counter[str] = Counter()
            begun = children_s()
            for seed in range(given.first, given.first + reports):
                for outcome, read, printed in measured(seed, language, given.pages, how):
                    found[outcome] += 1
                    if given.wrong and outcome == "wrong":
                        print(f"  seed {seed}: printed {printed}, read {read}")
            n = found.total()
            if not n:
                continue
            print(
                f"{language:8} {how.name}: right {share(found['right'], n)}, wrong and taken {share(found['wrong'], n)}, "
                f"doubtful {found['doubtful']}, unread {found['unread']}; "
                f"{(children_s() - begun) / (reports * given.pages):.1f} s a page",
                flush=True,
            )
            missed |= not how.noise and found["wrong"] > WRONG_MOST * n
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())

"""Filings read and asked: pages of text PDF a CPU second, and a question over an index of many pages.

    python benchmarks/documents.py [--pages 300] [--index-pages 50000] [--questions 200] [--peers PYTHON] [--smoke]

The PDF is set by Typst: of ten pages four hold a statement of 26 lines in two years with notes, six hold some 3,000 characters of prose,
seeded words of a report's vocabulary. Ours is timed whole: the reading process with its start, tables, facts. `--peers` names an
interpreter that has pypdf and pdfplumber; they are timed on the same file, text only (they find no tables in that). The index is over
pages of 220 words drawn by Zipf's law from 30,000 with the words of statements in them, some in Chinese, in reports of 300 pages.
CPU seconds of one core, children counted. Limits: 100 pages a CPU second, 50 ms a question at the 95th percentile. Ends with 1 if missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from itertools import accumulate
from pathlib import Path

import typst

from dualtrack.apps.research.documents.find import search
from dualtrack.apps.research.documents.labels import labels
from dualtrack.apps.research.documents.model import About, Document, Line, Page
from dualtrack.apps.research.documents.pdf import read_pdf
from dualtrack.apps.research.documents.statements import document_facts
from dualtrack.apps.research.documents.store import DocumentStore
from dualtrack.apps.research.metrics import catalogue

PAGES_PER_S = 100.0
QUESTION_MS = 50.0
REPORT_PAGES = 300
PAGE_WORDS = 220
VOCABULARY = 30_000
KNOWN_SHARE = 0.15
"""Share of words that are those of statements: what questions ask for is common in reports."""

TEMPLATE = """
#let pages = json(bytes(sys.inputs.pages))
#set page(paper: "a4", margin: 20mm)
#set text(font: ("Libertinus Serif", "Noto Sans CJK HK"), size: 9pt)
#for (i, page) in pages.enumerate() {
  if i > 0 { pagebreak() }
  if page.text != "" { page.text } else {
    [*Consolidated Statement of Profit or Loss* \\ For the year ended 31 December 2025]
    table(columns: (1fr, auto, auto, auto), stroke: none, align: (left, right, right, right), ..page.rows.flatten())
  }
}
"""

PEER = """
import sys, time
started = time.process_time()
if sys.argv[1] == "pypdf":
    import pypdf
    started = time.process_time()
    n = sum(bool(page.extract_text()) for page in pypdf.PdfReader(sys.argv[2]).pages)
else:
    import pdfplumber
    started = time.process_time()
    with pdfplumber.open(sys.argv[2]) as pdf:
        n = sum(bool(page.extract_text()) for page in pdf.pages)
print(n / (time.process_time() - started))
"""


class Words:
    """Words of a made-up language of reports, commonest first by Zipf's law, with those of statements among them."""

    def __init__(self, seed: int) -> None:
        self.draws = random.Random(seed)
        parts = ["ba", "con", "de", "fi", "gro", "in", "lo", "mar", "nue", "pre", "ra", "sta", "ti", "ven", "wor", "xi"]
        made = {"".join(self.draws.choices(parts, k=self.draws.choice((2, 3, 3, 4)))) for _ in range(VOCABULARY * 2)}
        self.words = sorted(made)[:VOCABULARY]
        self.draws.shuffle(self.words)
        self.weights = list(accumulate(1 / (rank + 3) for rank in range(len(self.words))))
        concepts = labels().concepts.values()
        self.known = [each for one in concepts for each in one.en[:2]] + [one.zh[0] for one in concepts]

    def text(self, words: int) -> str:
        known = int(words * KNOWN_SHARE / 2)
        drawn = self.draws.choices(self.words, cum_weights=self.weights, k=words - known * 2)
        drawn += self.draws.choices(self.known, k=known)
        self.draws.shuffle(drawn)
        return " ".join(drawn)


def cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def made_pdf(pages: int, words: Words) -> bytes:
    known = [each for one in labels().concepts.values() for each in one.en[:1]]
    made = []
    for page in range(pages):
        if page % 10 in {1, 4, 6, 8}:
            rows = [["", "Note", "2025 HK$ million", "2024 HK$ million"]]
            for place in range(26):
                numbers = [f"{words.draws.randint(-9_000, 99_000) / 10:,.1f}" for _ in range(2)]
                rows.append([known[(page + place) % len(known)], str(place) if place % 3 else "", *numbers])
            made.append({"text": "", "rows": rows})
        else:
            made.append({"text": words.text(430), "rows": []})
    return typst.compile(
        TEMPLATE.encode(), sys_inputs={"pages": json.dumps(made)}, font_paths=typst.Fonts(), format="pdf"
    )


def reading(pages: int, words: Words, peers: str) -> bool:
    data = made_pdf(pages, words)
    best, facts, document = 0.0, (), None
    for _ in range(2):
        started = cpu_s()
        document = read_pdf(data, About(name="report.pdf", licence="made for this"))
        facts = document_facts(document)
        best = max(best, len(document.pages) / (cpu_s() - started))
    letters = sum(len(page.text) for page in document.pages) / len(document.pages)
    tables = sum(len(page.tables) for page in document.pages)
    print(f"reading: {len(document.pages)} pages of {letters:,.0f} characters, {tables} tables, {len(facts):,} facts")
    print(f"  ours       {best:8.1f} pages/CPU s, text, tables and facts (load {os.getloadavg()[0]:.1f})")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.pdf"
        path.write_bytes(data)
        for name in ("pypdf", "pdfplumber") if peers else ():
            done = subprocess.run([peers, "-c", PEER, name, str(path)], capture_output=True, text=True, check=True)
            print(f"  {name:10} {float(done.stdout):8.1f} pages/CPU s, text only")
    return best >= PAGES_PER_S


def fill(store: DocumentStore, pages: int, words: Words) -> tuple[int, float]:
    """Fill the store with reports; return how many pages and the CPU seconds of taking them in."""
    spent, number = 0.0, 0
    while number * REPORT_PAGES < pages:
        made = tuple(
            Page(number=page, width=595, height=842, lines=(Line(words.text(PAGE_WORDS)),))
            for page in range(1, min(REPORT_PAGES, pages - number * REPORT_PAGES) + 1)
        )
        about = About(
            name=f"report{number}.pdf",
            licence="made for this",
            issuer=f"{number % 40:05}",
            period=f"FY{2021 + number // 40}",
        )
        document = Document(about=about, sha256=f"{number:064x}", kind="pdf", language="both", pages=made)
        started = time.process_time()
        store.add(document)
        spent += time.process_time() - started
        number += 1
    return pages, spent


def asking(store: DocumentStore, questions: int, words: Words, *, issuer: bool) -> float:
    """Return the 95th percentile in milliseconds of a question."""
    metrics = list(catalogue().metrics.values())
    times = []
    for number in range(questions):
        metric = metrics[number % len(metrics)]
        asked = (
            f"What was the {metric.en} in 2023, and {words.text(6)}?"
            if number % 3
            else f"二零二三年{metric.zh}是多少？"
        )
        narrowed = {"issuer": f"{number % 40:05}"} if issuer else {}
        started = time.process_time()
        search(store, asked, **narrowed)
        times.append((time.process_time() - started) * 1e3)
    times.sort()
    p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
    print(f"  {'in one issuer' if issuer else 'in all':14} p50 {p50:6.2f} ms, p95 {p95:6.2f} ms, n {questions}")
    return p95


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--index-pages", type=int, default=50_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--peers", default="")
    parser.add_argument("--smoke", action="store_true")
    args = parser.parse_args()
    if args.smoke:
        args.pages, args.index_pages, args.questions = 40, 1_500, 40
    words = Words(1)
    holds = reading(args.pages, words, args.peers)
    with tempfile.TemporaryDirectory() as folder, DocumentStore(Path(folder) / "desk.db") as store:
        pages, spent = fill(store, args.index_pages, words)
        size = (Path(folder) / "desk.db").stat().st_size / 2**20
        print(
            f"index: {pages:,} pages in {spent:.1f} CPU s ({pages / spent:,.0f} pages/CPU s), {size:,.0f} MB with the pages"
        )
        for issuer in (False, True):
            holds &= asking(store, args.questions, words, issuer=issuer) <= QUESTION_MS
    return int(not holds)


if __name__ == "__main__":
    sys.exit(main())

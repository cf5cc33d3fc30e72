"""Put test questions to the desk and write what came of each as a row without words: the table that a plan measures.

`right` is 1 where the figure is one that the report prints, or where nothing is answered and nothing could be. `given` and `expected` are values in
base units, or `none`, so that answers in other words can be compared. A quotation is right where it holds the number.
"""

from __future__ import annotations

import re
import time
from decimal import Decimal
from typing import TYPE_CHECKING

from dualtrack.apps.research.asking import ask
from dualtrack.apps.research.calculate import numeral
from dualtrack.apps.research.documents.store import DocumentStore
from dualtrack.apps.research.evidence.baseline import baseline, first_page, is_found
from dualtrack.apps.research.evidence.citing import citations_hold
from dualtrack.apps.research.evidence.questions import make_questions
from dualtrack.apps.research.evidence.reports import load_reports, names_of
from dualtrack.apps.research.generator.truth import in_language
from dualtrack.apps.research.reported import read_reported
from dualtrack.apps.rows import write_rows
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from dualtrack.apps.research.asking import Reply
    from dualtrack.apps.research.evidence.questions import Amount, KnownQuestion
    from dualtrack.apps.research.evidence.reports import Loaded
    from dualtrack.evidence.tables import Column

__all__ = ["Row", "answer_table", "measure_reports", "table_bytes", "table_columns"]

Row = dict[str, str | int | float]

_NEAR = Decimal("1e-9")
"""Difference, as a share, within which two quotients are one: both are computed to 34 digits."""

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def measure_reports(
    count: int, *, on: date, first: int = 1, lines: int = 3, step: Callable[[str], None] = lambda _: None
) -> list[Row]:
    """Make reports, load them into one store, ask of each what is known of it; returns the rows. Nothing is left behind."""
    loaded = []
    for each in load_reports(count, first=first):
        step(f"report {each.truth.seed}, {each.truth.language}, {each.planted}")
        loaded.append(each)
    return answer_table(loaded, on=on, lines=lines)


def answer_table(loaded: Sequence[Loaded], *, on: date, lines: int = 3) -> list[Row]:
    """Ask every question of every report over a store that holds them all; `seconds` is processor time of the answer."""
    rows: list[Row] = []
    names = names_of([each.truth for each in loaded])
    known = {in_language(each.truth.issuer.name, each.truth.language) for each in loaded}
    with DocumentStore(":memory:") as store:
        for each in loaded:
            store.add(each.document, each.facts)
        for each in loaded:
            for question in make_questions(each.truth, lines=lines, known=known):
                begun = time.process_time()
                reply = ask(question.text, store, names, on=on)
                spent = time.process_time() - begun
                rows.append(_row(len(rows) + 1, each, question, reply, round(spent, 4), store))
    return rows


def table_bytes(rows: Sequence[Row]) -> bytes:
    """Return rows as CSV; raises FieldError for none."""
    return write_rows(rows, fix="ask of at least one report")


def table_columns(rows: Sequence[Row]) -> dict[str, Column]:
    """Return rows as columns, for a plan that is run in memory."""
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _row(number: int, of: Loaded, question: KnownQuestion, reply: Reply, seconds: float, store: DocumentStore) -> Row:
    given = _given(reply)
    answered = reply.outcome in {"figure", "quote"}
    own = [] if question.kind == "other_issuer" else [of.document]
    found = first_page(own, question.search)
    match = reply.figure.match if reply.figure else reply.quote.match if reply.quote else 0.0
    right = _right(question, reply)
    return {
        "question": number, "document": of.truth.seed, "language": of.truth.language, "planted": of.planted, "group": question.group,
        "kind": question.kind, "wording": question.wording, "answerable": int(bool(question.right)), "outcome": reply.outcome,
        "answered": int(answered), "right": int(right), "wrong": int(answered and not right), "match": match,
        "citation_valid": int(answered and citations_hold(reply, store)), "given": given, "expected": _expected(question, reply, right=right),
        "baseline_right": int(is_found(question, found)), "baseline_minutes": baseline().minutes.by_kind[question.kind], "seconds": seconds,
    }  # fmt: skip


def _given(reply: Reply) -> str:
    """Return the value of an answer; of a quotation its one number, else that it is words."""
    if reply.figure is not None:
        return numeral(Decimal(reply.figure.value))
    if reply.quote is not None:
        numbers = _NUMBER.findall(reply.quote.text)
        return numbers[0] if len(numbers) == 1 else "words"
    return "none"


def _right(question: KnownQuestion, reply: Reply) -> bool:
    if reply.figure is not None:
        return any(_same(Decimal(reply.figure.value), each.value) for each in question.right)
    if reply.quote is not None:
        return any(_quoted(number, question.right) for number in _NUMBER.findall(reply.quote.text))
    return not question.right


def _quoted(number: str, right: Sequence[Amount]) -> bool:
    """Say whether a number of a quotation is a right one, in any scale that reports print."""
    read = read_reported(number)
    if read is None or len(number) < 3:  # noqa: PLR2004 - one or two digits are in any sentence
        return False
    return any(_same(read.value.scaleb(power), abs(each.value)) for each in right for power in (0, 3, 6))


def _same(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= _NEAR * max(abs(one), abs(other))


def _expected(question: KnownQuestion, reply: Reply, *, right: bool) -> str:
    """Return what was expected: of several values that are right the one that was given, else the first."""
    if not question.right:
        return "none"
    return _given(reply) if right else numeral(question.right[0].value)

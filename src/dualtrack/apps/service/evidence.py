"""What the assistant does on test questions, and what became of conversations, as tables: the data that a plan measures.

A table has a row for each question or conversation and no words of anybody. Measures of the registry read it under roles that the plan
names: `benefit.paired` compares the assistant with the keyword menu, `performance.segments` tells languages and registers apart.
"""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.apps.service.baseline import KeywordMenu
from dualtrack.apps.service.conversations import state
from dualtrack.apps.service.turn import Assistant
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.domain.time import parse_instant
from dualtrack.errors import FieldError
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.intervals.wilson import wilson
from dualtrack.runtime.reasons import language_of_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from dualtrack.runtime.passages.corpus import Corpus
    from dualtrack.store.register import Register

__all__ = [
    "AnswerShare",
    "Row",
    "TestQuestion",
    "answer_shares",
    "answer_table",
    "conversation_table",
    "read_questions",
    "write_table",
]

Row = dict[str, str | int]


class AnswerShare(NamedTuple):
    """A share of test questions: `hits` of `n`, with its limits."""

    register: str
    share: str
    hits: int
    n: int
    low: float
    high: float


class TestQuestion(Record, frozen=True):
    """A question of a test set: the passage that answers it (None: nothing does), and its register."""

    text: str
    register: Literal["english", "written", "cantonese", "mixed"]
    passage: str | None = None
    cross: bool = False
    split: Literal["dev", "test"] = "test"


def read_questions(data: bytes, *, where: str) -> list[TestQuestion]:
    """Read a test set; raises DocumentError or FieldError naming the row and field."""
    found = read_record(read_yaml(data, where=where), list[TestQuestion], where=where)
    if not found:
        raise FieldError("no question", where=where, expected="a list of {text, register, passage}")
    return found


def answer_table(corpus: Corpus, questions: Sequence[TestQuestion], *, on: date) -> list[Row]:
    """Put each question to the assistant and to the keyword menu; a hand-over counts as right where nothing answers the question.

    `right` and `baseline_right` are 1 or 0. `outcome` is that of the turn, `wrong_language` tells an answer in the other language than
    the question's. Raises FieldError for a question whose passage is not in the corpus.
    """
    known = {item.id for item in corpus.passages}
    odd = next((each.passage for each in questions if each.passage is not None and each.passage not in known), None)
    if odd is not None:
        raise FieldError(f"passage {odd!r:.70}", where="test questions", expected="the id of a passage of the corpus")
    assistant, menu = Assistant(corpus, on=on), KeywordMenu(corpus, on=on)
    rows: list[Row] = []
    for number, each in enumerate(questions, 1):
        turn = assistant.turn(each.text)
        given = turn.answer.citations[0] if turn.answer is not None else None
        shown = menu.find(each.text, turn.language)
        expected = (
            "en"
            if each.register == "english"
            else "zh-Hant"
            if each.register in {"written", "cantonese"}
            else language_of_text(each.text)
        )
        rows.append(
            {
                "question": number, "register": each.register, "language": expected, "cross": int(each.cross),
                "answerable": int(each.passage is not None), "outcome": turn.outcome, "right": int(given == each.passage),
                "among_three": int(each.passage in {item.passage.id for item in turn.nearest}),
                "baseline_right": int((shown.id if shown else None) == each.passage), "wrong_language": int(turn.language != expected),
            }
        )  # fmt: skip
    return rows


def answer_shares(rows: Sequence[Row]) -> list[AnswerShare]:
    """Return the shares of answerable questions with their 95 % limits (Wilson), of all and by register."""
    found = []
    for register in ("all", *sorted({str(row["register"]) for row in rows})):
        chosen = [row for row in rows if row["answerable"] and register in {"all", row["register"]}]
        for name in ("right", "among_three", "baseline_right"):
            hits = sum(int(row[name]) for row in chosen)
            limits = wilson(hits, len(chosen))
            if isinstance(limits, Interval):
                found.append(AnswerShare(register, name, hits, len(chosen), limits.low, limits.high))
    return found


def conversation_table(register: Register, use: str) -> list[Row]:
    """Return a row for each conversation of a use, without words: how long the first answer took, whether the customer says it helped.

    `solved` is 1, 0, or empty where the customer said nothing; `first_answer_s` is empty where none came.
    """
    kept = state(register)
    rows: list[Row] = []
    for number, found in enumerate(kept.rows("conversation", use_id=use), 1):
        messages = kept.rows("message", conversation=str(found["id"]))
        answers = [row for row in messages if row["who"] == "assistant"]
        asked = next((row for row in messages if row["who"] == "customer"), None)
        first = next((row for row in answers if row["outcome"] in {"served", "fallback"}), None)
        wait = parse_instant(first["at"]) - parse_instant(asked["at"]) if first and asked else None
        rows.append(
            {
                "conversation": number, "language": str(found["language"]), "channel": str(found["channel"]),
                "messages": len(messages), "answers": len(answers),
                "handed_over": int(found["waiting_at"] is not None or found["taken_at"] is not None),
                "solved": {"solved": 1, "unsolved": 0}.get(str(found["solved"]), ""), "complained": int(found["complaint"] is not None),
                "first_answer_s": "" if wait is None else wait // timedelta(seconds=1),
            }
        )  # fmt: skip
    return rows


def write_table(rows: Sequence[Row]) -> bytes:
    """Return rows as CSV; raises FieldError for none."""
    if not rows:
        raise FieldError("no rows", where="table", fix="give test questions, or wait for conversations")
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()

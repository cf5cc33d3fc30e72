"""A question of tables under the desk's permit: by rules, as SQL of the analyst's own, or as SQL that a model proposes; the same gate decides.

A model is told names, headings and types of columns, and no row. Its SQL runs only as the gate writes it, and nothing else that it says is shown.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dualtrack.apps.research.asking import AskedModel
from dualtrack.apps.research.modelled_call import Begun, decide_asking, models_of
from dualtrack.apps.research.solving.prompt import PROMPT_CHARS_MAX
from dualtrack.apps.research.solving.solve import QUESTION_MAX
from dualtrack.apps.research.tables.ask import propose
from dualtrack.apps.research.tables.gate import check_sql, is_sql
from dualtrack.apps.research.tables.proposal import asked_line, describe, make_rules, read_proposal
from dualtrack.apps.research.tables.records import Result
from dualtrack.apps.research.tables.run import Limits, ask_sql, run_gated
from dualtrack.apps.research.tables.worded import worded
from dualtrack.domain.records import Record, Text, encode
from dualtrack.domain.time import hong_kong_date
from dualtrack.errors import DocumentError, FieldError, RefusedError
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.faces.answer_form import Formed
from dualtrack.runtime.guards.base import Piece

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.apps.research.desk import Desk
    from dualtrack.apps.research.modelled_call import Run
    from dualtrack.apps.research.tables.records import Desk as Tables
    from dualtrack.runtime.call import Language
    from dualtrack.runtime.live import LiveUse

__all__ = ["ROWS_SHOWN", "SqlForm", "TablesAnswer", "TablesReply", "ask_tables_at"]

ROWS_SHOWN = 200
"""Rows of a result on the page and in the record: more is no answer that a person reads."""


class TablesReply(Record, frozen=True):
    """What came of a question of tables: a result, or why there is none and which columns come near; who wrote the SQL."""

    outcome: Literal["table", "none"]
    result: Result | None = None
    cannot: Text | None = None
    near: tuple[str, ...] = ()
    by: Literal["rules", "model", "analyst"] = "rules"
    models: tuple[AskedModel, ...] = ()


class TablesAnswer(NamedTuple):
    """The reply, None while a person has yet to read it, and the decision of the runtime."""

    reply: TablesReply | None
    decision: str


class SqlForm:
    """The form of one question for the runtime: JSON with one SELECT, which is gated and run before anything is shown."""

    name = "proposal"

    def __init__(self, tables: Tables, day: str) -> None:
        self._tables, self._day = tables, day
        self._code = self._question = ""
        self.result: Result | None = None

    def pieces(self, question: str) -> tuple[Piece, ...]:
        """Return what goes to the model: the columns, without authority, and the question."""
        return (Piece("retrieved", describe(self._tables.tables)), Piece("user", question))

    def ask(self, pieces: Sequence[Piece]) -> list[dict[str, str]] | None:
        """Return the messages, given the pieces as the guards left them."""
        columns = "\n".join(piece.text for piece in pieces if piece.role == "retrieved")
        question = "\n".join(piece.text for piece in pieces if piece.role == "user")
        self._question = question
        content = f"{columns}\n\n{asked_line(question)}"
        return [{"role": "system", "content": make_rules()}, {"role": "user", "content": content}]

    def why(self) -> str:
        """Return the code of why the last answer does not hold."""
        return self._code

    def read(self, text: str) -> Formed:
        """Run the SQL of an answer, if it passes the gate and shows no words of the model; its result is kept beside."""
        self.result, self._code = None, ""
        try:
            proposed = read_proposal(text.encode("utf-8", "replace"), "")
        except DocumentError:
            self._code = "sql.form"
            return Formed(None, 1.0, self._code)
        if proposed.sql is None:
            self._code = "sql.cannot"
            return Formed(None, 1.0, self._code)
        limits = Limits(rows=ROWS_SHOWN)
        try:
            gated = check_sql(proposed.sql, self._tables.tables, day=self._day, rows_max=limits.rows)
            if worded(gated, self._question):
                self._code = "sql.worded"
                return Formed(None, 1.0, self._code)
            self.result = run_gated(gated, self._tables, day=self._day, limits=limits)
        except FieldError:
            self._code = "sql.gate"
            return Formed(None, 1.0, self._code)
        return Formed(text, 0.0, None)


def ask_tables_at(
    desk: Desk, tables: Tables, question: str, *, language: Language = "en", run: Run | None = None
) -> TablesAnswer:
    """Answer a question of loaded tables as a decision of the desk's use.

    Raises RefusedError without a permit, FieldError for no question and for SQL that does not pass or run.
    """
    if not question.strip():
        raise FieldError("no question", where="question", fix="ask something")
    if len(question) > QUESTION_MAX and not is_sql(question):  # of SQL the gate has its own bound
        expected = f"at most {QUESTION_MAX:,}"
        raise FieldError(
            f"{len(question):,} characters", where="question", expected=expected, fix="ask one thing at a time"
        )
    runtime, use = desk.runtime, desk.settings.use
    day = str(hong_kong_date(runtime.clock()))
    found: list[TablesReply] = []
    asks = run is not None and desk.settings.model != "never" and models_of(runtime.gate.known(use))
    if run is not None and asks:
        answer = decide_asking(runtime, use, question, partial(_begun, tables, day, found), run, language=language)
    else:
        row = {"question": question}
        answer = decide(runtime, use, row, partial(_scored, tables, day, found), language=language)
    if not found or answer.outcome not in {"served", "routed"}:
        raise RefusedError(
            f"the answer was {answer.outcome}", where=use, fix="see the decision", code="research.not-served"
        )
    return TablesAnswer(found[-1] if answer.outcome == "served" else None, answer.decision)


def _by_rules(tables: Tables, day: str, question: str) -> TablesReply:
    limits = Limits(rows=ROWS_SHOWN)
    if is_sql(question):
        return TablesReply(outcome="table", result=ask_sql(question, tables, day=day, limits=limits), by="analyst")
    proposed = propose(question, tables.tables)
    if proposed.sql is None:
        return TablesReply(outcome="none", cannot=proposed.cannot, near=proposed.near)
    return TablesReply(outcome="table", result=ask_sql(proposed.sql, tables, day=day, limits=limits))


def _scored(tables: Tables, day: str, found: list[TablesReply], row: Mapping[str, Any]) -> Scoring:
    found.append(_by_rules(tables, day, str(row["question"])))
    return Scoring(json.loads(encode(found[-1])))


def _begun(tables: Tables, day: str, found: list[TablesReply], question: str, live: LiveUse) -> Begun:
    reply = _by_rules(tables, day, question)
    found.append(reply)
    most = min(PROMPT_CHARS_MAX, live.policy.bounds.characters) - len(question)
    if reply.outcome == "table" or len(describe(tables.tables)) > most:
        return Begun(None, lambda _: reply)
    form = SqlForm(tables, day)

    def output(models: tuple[AskedModel, ...]) -> TablesReply:
        held = form.result is not None and bool(models) and models[-1].outcome == "held"
        found.append(
            TablesReply(outcome="table", result=form.result, by="model", models=models)
            if held
            else TablesReply(outcome="none", cannot=reply.cannot, near=reply.near, models=models)
        )
        return found[-1]

    return Begun(form, output)

"""A language model's proposal for a question that rules did not answer: what it is given, and whether what it answers holds.

It is given the tables and lines of the pages that were looked at, fenced, under short names; it gives a calculation with operands. The checks
of `solving.check` decide, and what is shown is computed from the cells: no word and no number of the model's reaches anybody, for operands
are named anew and a period is written as it was read. A true cell may still be another than was asked for: where no line of the calculation has
a word of the question, there is no figure if another row has one, else that is said with the figure.
"""

from __future__ import annotations

import re
from string import ascii_lowercase
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dualtrack.apps.research.asking import Reply
from dualtrack.apps.research.modelled_words import code_of
from dualtrack.apps.research.solving.answer import Abstained, Answered, NoAnswerError
from dualtrack.apps.research.solving.check import check_proposal
from dualtrack.apps.research.solving.periods import periods_of
from dualtrack.apps.research.solving.prompt import fenced, make_messages, source_lines
from dualtrack.apps.research.solving.proposals import read_proposal
from dualtrack.apps.research.solving.words import content_words
from dualtrack.domain.records import Text
from dualtrack.errors import DocumentError
from dualtrack.runtime.faces.answer_form import Formed
from dualtrack.runtime.guards.base import Piece

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.asking import AskedModel, PageRead
    from dualtrack.apps.research.solving.proposals import Pointed, Proposal
    from dualtrack.apps.research.solving.table import Table

__all__ = ["Judged", "ProposalForm", "Sources", "gather", "judge", "reply_of"]

_ADDRESS = re.compile(r"t([1-9]\d{0,3})/(r\d+c\d+)")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_UNASKED = Text(
    en="as proposed; its line has no word of the question: read the page before it is used",
    zh="按所提算式；所在一行沒有問題的字眼，使用前請先閱讀該頁",
)


class Sources(NamedTuple):
    """What a model is given of the pages: each table with the place of its page among them, and the fenced text that it reads.

    Table 1 is `t1` to the model, as names of documents are long and two may be alike.
    """

    tables: tuple[tuple[int, Table], ...]
    pages: tuple[PageRead, ...]
    text: str


class Judged(NamedTuple):
    """Whether a model's answer holds: the figure with its page, or the code of why not and what was found, for the record only."""

    figure: Answered | None
    page: PageRead | None
    code: str = ""
    found: str = ""


def gather(pages: Sequence[PageRead], *, characters: int) -> Sources:
    """Return the sources of a prompt: pages in their order, as many whole ones as fit; lines that repeat a row of a table are left out."""
    tables: list[tuple[int, Table]] = []
    kept: list[PageRead] = []
    lines: list[str] = []
    for page in pages:
        more: list[str] = []
        first = len(tables) + 1
        for at, table in enumerate(page.tables):
            beside = _beside(page) if at == len(page.tables) - 1 else ()
            more += source_lines(replace(table, name=f"t{first + at}"), beside)
        if not more or len(fenced([*lines, *more])) > characters:
            continue
        tables += [(len(kept), table) for table in page.tables]
        kept.append(page)
        lines += more
    return Sources(tuple(tables), tuple(kept), fenced(lines) if kept else "")


def _beside(page: PageRead) -> list[str]:
    rows = {"".join("".join(row).split()) for table in page.tables for row in table.rows}
    return [line for line in page.lines if "".join(line.split()) not in rows]


def judge(text: str, asked: str, sources: Sources) -> Judged:
    """Read what a model answered and check it against the sources; `asked` is the question without the names of issuers."""
    try:
        proposal = read_proposal(text)
    except DocumentError as error:
        return Judged(None, None, error.code.removeprefix("proposal."), error.found)
    if proposal.cannot:
        return Judged(None, None, "cannot", proposal.cannot)
    try:
        placed, page, table = _placed(proposal, sources)
        return Judged(_checked(_unworded(placed), asked, page, table), page)
    except NoAnswerError as error:
        return Judged(None, None, code_of(error.reason), error.found)


def _checked(proposal: Proposal, asked: str, page: PageRead, table: Table) -> Answered:
    """Return the figure of a proposal for which everything holds; raises NoAnswerError."""
    answer = check_proposal(proposal, table, page.lines, question=asked)
    if isinstance(answer, Abstained):
        raise NoAnswerError(answer.reason, answer.found)
    if not _unasked(answer, proposal, asked, page):
        return answer
    if better := _asked_row(table, asked):
        raise NoAnswerError("weak match", f"its lines have no word of the question, and {better!r:.80} has")
    return replace(answer, definition=_UNASKED)


def _unworded(proposal: Proposal) -> Proposal:
    """Return a proposal without words of the model's own: operands by letters in the order of the calculation, the period as it is read."""
    used = list(dict.fromkeys(_NAME.findall(proposal.expression)))
    names = {
        name: f"n{at}" if at > len(ascii_lowercase) else ascii_lowercase[at - 1] for at, name in enumerate(used, 1)
    }
    return replace(
        proposal,
        expression=_NAME.sub(lambda match: names[match[0]], proposal.expression),
        operands=tuple(replace(each, name=names[each.name]) for each in proposal.operands),
        period=", ".join(each.words for each in periods_of(proposal.period)),
    )


def _unasked(answer: Answered, proposal: Proposal, asked: str, page: PageRead) -> bool:
    """Say whether no operand's line has a word of the question: a model that a document misled points at such lines, too."""
    quotes = {each.name: each.quote for each in proposal.operands if each.quote}
    lines = [
        next((line for line in page.lines if quotes[each.name] in line), "") if each.name in quotes else each.label
        for each in answer.operands
    ]
    return not any(_shares(line, asked) for line in lines)


def _asked_row(table: Table, asked: str) -> str:
    """Return the label of a row of numbers that has a word of the question; empty where there is none, as where the languages differ."""
    named = (row[0] for row in table.rows if row and any(row[1:]) and content_words(row[0], frozenset()))
    return next((label for label in named if _shares(label, asked)), "")


def _shares(line: str, asked: str) -> bool:
    """Say whether a line has a word of the question, or no word at all but a period."""
    words = content_words(line, frozenset())
    return not words or not set(words).isdisjoint(content_words(asked, frozenset()))


def _placed(proposal: Proposal, sources: Sources) -> tuple[Proposal, PageRead, Table]:
    """Return a proposal with the addresses of the document, its page and table; raises NoAnswerError where they are not one."""
    numbers: set[int] = set()
    operands: list[Pointed] = []
    for each in proposal.operands:
        if each.address is None:
            operands.append(each)
            continue
        match = _ADDRESS.fullmatch(each.address)
        if match is None or int(match[1]) > len(sources.tables):
            raise NoAnswerError("not at its place", f"{each.address[:80]} is no cell of the sources")
        if each.text is None:
            raise NoAnswerError("not at its place", f"{each.address} without the text that it holds")
        numbers.add(int(match[1]))
        table = sources.tables[int(match[1]) - 1][1]
        operands.append(replace(each, address=f"{table.name}/{match[2]}"))
    if len(numbers) > 1:
        raise NoAnswerError("not at its place", "operands of several tables")
    at, table = sources.tables[min(numbers) - 1] if numbers else _quoted(proposal, sources)
    return replace(proposal, operands=tuple(operands)), sources.pages[at], table


def _quoted(proposal: Proposal, sources: Sources) -> tuple[int, Table]:
    """Return the first table on whose page every quote stands."""
    for at, table in sources.tables:
        lines = sources.pages[at].lines
        if all(any((each.quote or "") in line for line in lines) for each in proposal.operands):
            return at, table
    raise NoAnswerError("not at its place", "quotes that no page has together")


def reply_of(before: Reply, form: ProposalForm, models: tuple[AskedModel, ...]) -> Reply:
    """Return the reply after models were asked: the figure of the last one where it held, else what rules had said; and who was asked."""
    found = form.judged
    if found is None or found.figure is None or found.page is None or models[-1].outcome != "held":
        return replace(before, models=models)
    return Reply(
        outcome="figure", figure=found.figure, source=found.page.place, licence=found.page.licence,
        looked_at=before.looked_at, by="model", models=models,
    )  # fmt: skip


class ProposalForm:
    """The form of one question for the runtime; `judged` is what came of the last answer that was read, None where none was."""

    name = "proposal"

    def __init__(self, asked: str, sources: Sources) -> None:
        self._asked, self._sources = asked, sources
        self.judged: Judged | None = None

    def pieces(self, question: str) -> tuple[Piece, ...]:
        """Return what goes to the model, with the authority that it has, for the guards to read first."""
        return (Piece("retrieved", self._sources.text), Piece("user", question))

    def ask(self, pieces: Sequence[Piece]) -> list[dict[str, str]] | None:
        """Return the messages, given the pieces as the guards left them."""
        sources = "\n".join(piece.text for piece in pieces if piece.role == "retrieved")
        question = "\n".join(piece.text for piece in pieces if piece.role == "user")
        return make_messages(sources, question) if sources and question.strip() else None

    def why(self) -> str:
        """Return the code of why the last answer does not hold."""
        return self.judged.code if self.judged is not None else ""

    def read(self, text: str) -> Formed:
        """Return the answer where everything about it holds."""
        self.judged = judge(text, self._asked, self._sources)
        if self.judged.figure is None:
            return Formed(None, 1.0, self.judged.code)
        return Formed(text, 0.0, None)

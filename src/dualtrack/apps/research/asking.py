"""A question to the documents of a desk, by rules: whom and when it means, which pages may answer, what their tables say.

What cannot be told apart is asked back, what does not stand anywhere is not answered, and where two places give two figures there is
none: the reason and what would settle it come in its place.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.apps.research.documents.find import search
from dualtrack.apps.research.documents.meaning import RERANKED_MAX
from dualtrack.apps.research.documents.model import parse_address
from dualtrack.apps.research.documents.resolver import resolve
from dualtrack.apps.research.documents.wording import names_of
from dualtrack.apps.research.saying import said_figure
from dualtrack.apps.research.solving.answer import Abstained, Answered, Cited, Quoted, abstained, compute, in_scale
from dualtrack.apps.research.solving.findings import finding
from dualtrack.apps.research.solving.named import metric_lines
from dualtrack.apps.research.solving.scales import POWERS
from dualtrack.apps.research.solving.solve import solve
from dualtrack.apps.research.solving.table import table_in
from dualtrack.apps.research.solving.unsaid import unsaid
from dualtrack.domain.records import Record, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from dualtrack.apps.research.documents.facts import Fact
    from dualtrack.apps.research.documents.find import Hit
    from dualtrack.apps.research.documents.issuers import IssuerNames
    from dualtrack.apps.research.documents.meaning import PageMeaning
    from dualtrack.apps.research.documents.resolver import Resolved
    from dualtrack.apps.research.documents.store import DocumentStore
    from dualtrack.apps.research.solving.table import Table

__all__ = [
    "PAGES_LOOKED_AT",
    "AskedModel",
    "LookedAt",
    "PageRead",
    "Read",
    "Reply",
    "ask",
    "ask_rules",
    "read_pages",
    "without_names",
]

PAGES_LOOKED_AT = 6
"""Pages whose tables are tried: the right one was among the first five to ten for most questions on filings."""

_SAID_MAX = 80
"""Characters of a question that a reason repeats."""

_NEAR = 0.05
"""Difference of matches within which two places fit a question alike."""


class LookedAt(Record, frozen=True):
    """A page that was tried: its document by name and SHA-256."""

    document: str
    sha256: str
    page: int


class AskedModel(Record, frozen=True):
    """A language model that was asked for a calculation: its component and name in the release, and the name that it gave itself.

    Its proposal `held`, was `refused` by a check, or there was none (`failed`); `code` says why. None of its words stand here.
    """

    component: str
    model: str
    reported: str
    outcome: Literal["held", "refused", "failed"]
    code: str
    words: Text
    settles: Text


class Reply(Record, frozen=True):
    """What came of a question: `clarify` (it is asked back), `figure`, `quote` or `none`, each with what it has; and where was looked.

    `by` says who proposed the calculation: rules, or the last of the `models` that were asked. The same checks decided.
    """

    outcome: Literal["clarify", "figure", "quote", "none"]
    clarify: tuple[Text, ...] = ()
    figure: Answered | None = None
    quote: Quoted | None = None
    none: Abstained | None = None
    source: LookedAt | None = None
    licence: str = ""
    looked_at: tuple[LookedAt, ...] = ()
    by: Literal["rules", "model"] = "rules"
    models: tuple[AskedModel, ...] = ()


class PageRead(NamedTuple):
    """A page that was tried: its place and licence, its tables as they are asked, its lines."""

    place: LookedAt
    licence: str
    tables: tuple[Table, ...]
    lines: tuple[str, ...]


class Read(NamedTuple):
    """What rules made of a question: the reply, the question without its issuers, and the pages whose tables did not answer it.

    There are no such pages where there is an answer, a question back, or two places that contradict one another.
    """

    reply: Reply
    asked: str
    unanswered: tuple[Hit, ...]


def ask(
    question: str, store: DocumentStore, names: IssuerNames, *, on: date, meaning: PageMeaning | None = None
) -> Reply:
    """Answer a question from the documents of a store; `on` is the day against which "last year" is read, `meaning` orders pages."""
    return ask_rules(question, store, names, on=on, meaning=meaning).reply


def ask_rules(
    question: str, store: DocumentStore, names: IssuerNames, *, on: date, meaning: PageMeaning | None = None
) -> Read:
    """As `ask`, with what a model may be asked where the rules have no answer."""
    meant = resolve(question, names, on=on)
    asked = without_names(question, names)
    if meant.clarify:
        return Read(Reply(outcome="clarify", clarify=meant.clarify), asked, ())
    hits = _hits(question, asked, meant, store, meaning)
    if not hits:
        return Read(Reply(outcome="none", none=_nowhere(asked)), asked, ())
    looked = tuple(_place(hit) for hit in hits)
    figures: list[tuple[Answered, Hit]] = []
    quotes: list[tuple[Quoted, Hit]] = []
    silent: list[Abstained] = []
    for hit in hits:
        for answer in _answers(asked, hit, store):
            if isinstance(answer, Answered):
                figures.append((answer, hit))
            elif isinstance(answer, Quoted):
                quotes.append((answer, hit))
            else:
                silent.append(answer)
    if not figures:
        figures = list(_by_facts(asked, meant, hits, store))
    if figures:
        return Read(_best(figures, looked), asked, ())
    if quotes:
        quoted, hit = max(quotes, key=lambda item: item[0].match)
        reply = Reply(outcome="quote", quote=quoted, source=_place(hit), licence=hit.about.licence, looked_at=looked)
        return Read(reply, asked, ())
    why = next((each for each in silent if each.reason != "no text"), _nowhere(asked))
    return Read(Reply(outcome="none", none=why, looked_at=looked), asked, hits)


def _nowhere(asked: str) -> Abstained:
    """Return why no page has an answer: the lines that a figure by name needs, else the question itself."""
    lines = metric_lines(asked)
    if not lines:
        return abstained("no text", asked[:_SAID_MAX])
    return abstained(
        "missing operand", Text(en=", ".join(each.en for each in lines), zh="、".join(each.zh for each in lines))
    )


def read_pages(hits: Iterable[Hit], store: DocumentStore) -> Iterator[PageRead]:
    """Yield pages that were tried, with their tables and lines."""
    for hit in hits:
        document = store.document(hit.sha256)
        page = document.pages[hit.page - 1]
        tables = tuple(table_in(document, page.number, table.number) for table in page.tables)
        yield PageRead(_place(hit), hit.about.licence, tables, tuple(line.text for line in page.lines))


def _hits(
    question: str, asked: str, meant: Resolved, store: DocumentStore, meaning: PageMeaning | None
) -> tuple[Hit, ...]:
    issuer = meant.issuers[0].code if len(meant.issuers) == 1 else None
    period = f"FY{max(each.year for each in meant.periods)}" if meant.periods else None
    form = meant.forms[0] if len(meant.forms) == 1 else None
    most = PAGES_LOOKED_AT if meaning is None else RERANKED_MAX
    lines = [
        name for each in metric_lines(asked) for name in (each.en, each.zh)
    ]  # a page need not name what is computed
    for words in dict.fromkeys((question, " ".join((question, *lines)))):
        hits = search(store, words, issuer=issuer, period=period, form=form, most=most)
        if hits:
            break
    return hits if meaning is None else meaning.order(asked, hits, store)[:PAGES_LOOKED_AT]


def _answers(question: str, hit: Hit, store: DocumentStore) -> Iterator[Answered | Quoted | Abstained]:
    (page,) = read_pages([hit], store)
    for table in page.tables:
        yield solve(question, table, page.lines)


def _by_facts(
    asked: str, meant: Resolved, hits: tuple[Hit, ...], store: DocumentStore
) -> Iterator[tuple[Answered, Hit]]:
    """Yield the reported value of a line that the question names in other words than the report, such as in the other language.

    Only one line of one year is asked for so: anything that is to be computed needs the words of the table, and what is asked beyond the
    line's names (a segment, a budget) asks for another figure.
    """
    if len(meant.concepts) != 1 or len(meant.periods) != 1 or meant.metrics:
        return
    concept, period = meant.concepts[0], meant.periods[0]
    if unsaid(asked, names_of(concept)):
        return
    seen: set[str] = set()
    for hit in hits:
        if hit.sha256 in seen:
            continue
        seen.add(hit.sha256)
        for fact in store.facts(sha256=hit.sha256, concept=concept, year=period.year):
            if period.months is not None and fact.period.months not in {None, period.months}:
                continue
            place = hit._replace(page=parse_address(fact.address).page)
            yield _reported(fact), place


def _reported(fact: Fact) -> Answered:
    scale = next(name for name, power in POWERS.items() if power == fact.scale and name != "percent")
    cited = Cited(
        name="a", address=fact.address, text=fact.printed, value=fact.value, unit=fact.unit, scale=scale,
        period=fact.period.words, label=fact.label,
    )  # fmt: skip
    return Answered(
        intent="value", value=fact.value, shown=in_scale(fact.value, scale), unit=fact.unit, scale=scale, period=fact.period.words,
        definition=Text(
            en=f"as reported under “{fact.label}”{', as restated' if fact.restated else ''}",
            zh=f"按「{fact.label}」一項所列{'，經重列' if fact.restated else ''}",
        ),
        expression="a",
        trace=compute("a", [cited]), operands=(cited,),
    )  # fmt: skip


def _best(figures: list[tuple[Answered, Hit]], looked: tuple[LookedAt, ...]) -> Reply:
    """Return the figure that fits best; none where another place that fits as well says otherwise."""
    figures.sort(key=lambda item: -item[0].match)
    best, hit = figures[0]
    for other, place in figures[1:]:
        if best.match - other.match > _NEAR:
            break
        if other.unit != best.unit or not _agree(best, other):
            found = finding("two_places", one=_figure_at(best, hit), other=_figure_at(other, place))
            return Reply(outcome="none", none=abstained("equal matches", found), looked_at=looked)
    return Reply(outcome="figure", figure=best, source=_place(hit), licence=hit.about.licence, looked_at=looked)


def _agree(one: Answered, other: Answered) -> bool:
    """Say whether two figures are the same to half a unit of the last place that the coarser of them prints."""
    difference = abs(Decimal(one.value) - Decimal(other.value))
    if one.expression != "a" or other.expression != "a":
        return difference == 0
    places = [int(Decimal(each.shown).as_tuple().exponent) + POWERS[each.scale] for each in (one, other)]
    return difference <= Decimal(1).scaleb(max(places)) / 2


def _figure_at(each: Answered, hit: Hit) -> Text:
    number, measured = said_figure(each)
    return finding("figure_at", number=number, measured=measured, document=hit.about.name, page=hit.page)


def _place(hit: Hit) -> LookedAt:
    return LookedAt(document=hit.about.name, sha256=hit.sha256, page=hit.page)


def without_names(question: str, names: IssuerNames) -> str:
    """Return the question without the issuers that it names: their words are not words of a line."""
    for named in names.find(question):
        question = re.sub(rf"{re.escape(named.said)}(?:'s|’s)?", " ", question, flags=re.IGNORECASE)
    return " ".join(question.split())

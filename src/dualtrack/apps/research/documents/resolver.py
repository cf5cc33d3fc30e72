"""What a question is about before anything is searched: issuers, periods, forms, metrics, statements. What is open is asked, not guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.apps.research.documents.issuers import Issuer
from dualtrack.apps.research.documents.labels import StatementKind
from dualtrack.apps.research.documents.model import Form
from dualtrack.apps.research.documents.periods import Period, read_periods
from dualtrack.apps.research.documents.wording import meant_by, said_in, search_words
from dualtrack.domain.records import Record, Text
from dualtrack.runtime.passages.analysis import plain_text

if TYPE_CHECKING:
    from datetime import date

    from dualtrack.apps.research.documents.issuers import IssuerNames

__all__ = ["QUESTION_MAX", "Resolved", "resolve"]

QUESTION_MAX = 2_000
"""Characters of a question that are read: a longer one is a document."""

_NAMED_MAX = 5
"""Issuers that a clarifying question lists."""


class Resolved(Record, frozen=True):
    """A question as understood. `clarify` are questions back; while there is one, an answer would be a guess."""

    issuers: tuple[Issuer, ...]
    periods: tuple[Period, ...]
    forms: tuple[Form, ...]
    metrics: tuple[str, ...]
    concepts: tuple[str, ...]
    statements: tuple[StatementKind, ...]
    clarify: tuple[Text, ...] = ()


def resolve(question: str, names: IssuerNames, *, on: date | None = None) -> Resolved:
    """Return what a question is about; `on` is the day against which "last year" is read."""
    question = question[:QUESTION_MAX]
    plain = plain_text(question)
    issuers, clarify = _issuers(question, names)
    forms = tuple(
        form for form, said in search_words().forms.items() if any(_stands(plain_text(each), plain) for each in said)
    )
    periods, asked = _periods(question, plain, on)
    if "interim" in forms:
        periods = tuple(each if each.months else replace(each, months=6) for each in periods)
    meant = meant_by(question)
    if (meant.concepts or meant.metrics) and not issuers and not clarify:
        clarify.append(
            Text(
                en="Which issuer do you mean? Give its name or stock code.", zh="你指哪一家公司？請提供名稱或股份代號。"
            )
        )
    if meant.concepts and not periods and not asked:
        asked.append(
            Text(
                en="Which period do you mean, for example FY2025 or the first half of 2025?",
                zh="你指哪一個期間？例如 2025 年度或 2025 年上半年。",
            )
        )
    return Resolved(
        issuers=issuers,
        periods=periods,
        forms=forms,
        metrics=meant.metrics,
        concepts=meant.concepts,
        statements=meant.statements,
        clarify=(*clarify, *asked),
    )


def _stands(phrase: str, plain: str) -> bool:
    place = plain.find(phrase)
    while place >= 0:
        if said_in(phrase, plain, place):
            return True
        place = plain.find(phrase, place + 1)
    return False


def _issuers(question: str, names: IssuerNames) -> tuple[tuple[Issuer, ...], list[Text]]:
    found: dict[str, Issuer] = {}
    clarify: list[Text] = []
    for named in names.find(question):
        if len(named.issuers) == 1:
            found[named.issuers[0].code] = named.issuers[0]
            continue
        which = [f"{each.name} ({each.code})" for each in named.issuers[:_NAMED_MAX]]
        which_zh = [f"{each.name_zh or each.name}（{each.code}）" for each in named.issuers[:_NAMED_MAX]]
        more, more_zh = (", or another", "，還是其他公司") if len(named.issuers) > _NAMED_MAX else ("", "")
        clarify.append(
            Text(
                en=f"Several issuers are called {named.said!r}: do you mean {' or '.join(which)}{more}?",
                zh=f"多家公司名為「{named.said}」：你指{'還是'.join(which_zh)}{more_zh}？",
            )
        )
    return tuple(found.values()), clarify


def _periods(question: str, plain: str, on: date | None) -> tuple[tuple[Period, ...], list[Text]]:
    """Return the periods that a question names; those relative to today need the day."""
    periods = dict.fromkeys(read_periods(question))
    back = [
        int(years)
        for years, said in search_words().relative.items()
        if any(_stands(plain_text(each), plain) for each in said)
    ]
    if 2 in back and 1 in back:  # noqa: PLR2004 - "the year before last year" holds the other phrase
        back.remove(1)
    if back and on is None:
        return tuple(periods), [
            Text(
                en="Which year do you mean? The question counts from a day that is not given.",
                zh="你指哪一年？問題以某日起計，但沒有提供日期。",
            )
        ]
    if on is not None:
        months = next((each.months for each in read_periods(f"{question} {on.year}") if each.months), None)
        periods |= dict.fromkeys(Period(year=on.year - each, months=months) for each in back)
    return tuple(periods), []

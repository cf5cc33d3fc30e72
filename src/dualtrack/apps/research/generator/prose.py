"""Prose of a report, in which every number is known: sentences with numbers in braces, and claims about the environment."""

from __future__ import annotations

import random
import re
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from dualtrack.apps.research.generator.book import Number, Paragraph, Verdict, print_number
from dualtrack.apps.research.generator.notes import QUANTITIES
from dualtrack.apps.research.generator.statements import count, money
from dualtrack.apps.research.generator.wording import day_words, end_day
from dualtrack.apps.research.units import NUMBER, unit_of
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record

if TYPE_CHECKING:
    from dualtrack.apps.research.generator.statements import Drawn

__all__ = ["claim_paragraphs", "prose"]

_SLOT = re.compile(r"\{(\w+)(?::(moved))?\}")
_PERCENT_PLACES = 1
_WRONG = Decimal("0.17")
"""What a claim that the table contradicts adds: far more than rounding."""

_CLAIMS = {"supported": 3, "contradicted": 1, "unsupported": 3, "vague": 2}
"""How many claims of each kind a report makes."""


class _Words(Record, frozen=True, rename={"zh": "zh-Hant"}):
    en: str
    zh: str


class _Claim(Record, frozen=True, rename={"zh": "zh-Hant"}):
    id: str
    verdict: Verdict
    en: str
    zh: str
    line: str | None = None


@cache
def _prose() -> dict[str, list[_Words]]:
    data = (resources.files("dualtrack.apps.research.generator") / "prose.yaml").read_bytes()
    return read_record(read_yaml(data, where="prose.yaml"), dict[str, list[_Words]], where="prose.yaml")


@cache
def _claims() -> list[_Claim]:
    data = (resources.files("dualtrack.apps.research.generator") / "claims.yaml").read_bytes()
    return read_record(read_yaml(data, where="claims.yaml"), list[_Claim], where="claims.yaml")


def prose(drawn: Drawn, key: str) -> tuple[Paragraph, ...]:
    """Return the paragraphs of a section."""
    return tuple(_paragraph(drawn, words.en, words.zh) for words in _prose()[key])


def claim_paragraphs(drawn: Drawn, seed: int) -> tuple[Paragraph, ...]:
    """Return the claims that a report makes, some of each kind, in a drawn order."""
    chance = random.Random(f"claims {seed} {drawn.issuer.seed} {drawn.year}")  # noqa: S311 - a made report, no secret
    chosen: list[_Claim] = []
    for verdict, most in _CLAIMS.items():
        chosen += chance.sample([claim for claim in _claims() if claim.verdict == verdict], most)
    chance.shuffle(chosen)
    return tuple(
        _paragraph(drawn, claim.en, claim.zh)._replace(
            claim=claim.id,
            verdict=claim.verdict,
            evidence=("emissions", claim.line) if claim.line else None,
        )
        for claim in chosen
    )


def _paragraph(drawn: Drawn, en: str, zh: str) -> Paragraph:
    names = list(dict.fromkeys(match[1] for match in _SLOT.finditer(en) if not match[2]))
    numbers = {name: _number(drawn, name) for name in names if name not in _texts(drawn)}
    return Paragraph(
        text=Text(en=_filled(drawn, en, numbers, "en"), zh=_filled(drawn, zh, numbers, "zh")),
        numbers=tuple(numbers.values()),
    )


def _filled(drawn: Drawn, text: str, numbers: dict[str, Number], language: str) -> str:
    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if match[2]:
            rose = _change(drawn, name, drawn.year) >= 0
            return ("rose" if rose else "fell") if language == "en" else ("上升" if rose else "下跌")
        if name in numbers:
            return print_number(numbers[name], "nil")[0]
        said = _texts(drawn)[name]
        return said.en if language == "en" else said.zh

    return _SLOT.sub(fill, text)


def _texts(drawn: Drawn) -> dict[str, Text]:
    issuer = drawn.issuer
    return {
        "name": issuer.name,
        "short": issuer.short,
        "day": day_words(issuer, end_day(issuer, drawn.year)),
        "segments": Text(en=", ".join(each.en.lower() for each in issuer.segments), zh="、".join(each.zh for each in issuer.segments)),
    }  # fmt: skip


def _number(drawn: Drawn, name: str) -> Number:
    """Return the number of a slot: money in millions, a count, a share in per cent, or a wrong one where a claim is wrong."""
    if name.endswith("_change"):
        line = name.removesuffix("_change")
        return _percent(name, abs(_change(drawn, line, drawn.year)), drawn.year)
    if name.endswith("_wrong"):
        return _wrong(drawn, name)
    if name == "gross_margin":
        share = Decimal(drawn.amount("gross_profit", drawn.year)) / drawn.amount("revenue", drawn.year)
        return _percent(name, share, drawn.year)
    if name in {"employees", *QUANTITIES}:
        unit = QUANTITIES.get(name, NUMBER)
        return count(drawn, name, drawn.year, unit)
    before = name.endswith("_before")
    line = name.removesuffix("_before")
    made = money(drawn, line, drawn.year - before)
    positive = line in {"capital_expenditure", "dividends_paid"}  # "was spent", "were paid": the sentence says the sign
    return made._replace(value=-made.value if positive else made.value, scale=6, places=1, unit=unit_of("HKD"))


def _change(drawn: Drawn, line: str, year: int) -> Decimal:
    if line in QUANTITIES:
        now, then = (drawn.figures[each].counts[line] for each in (year, year - 1))
    else:
        now, then = (drawn.amount(line, each) for each in (year, year - 1))
    return Decimal(now - then) / then


def _percent(name: str, value: Decimal, year: int) -> Number:
    return Number(name, value, year, 12, NUMBER, 0, _PERCENT_PLACES, percent=True)


def _wrong(drawn: Drawn, name: str) -> Number:
    line = name.removesuffix("_wrong")
    if line == "water":
        return _percent(name, abs(_change(drawn, line, drawn.year)) + _WRONG, drawn.year)
    right = count(drawn, line, drawn.year, QUANTITIES[line])
    return right._replace(line=name, value=(right.value * (1 - _WRONG)).to_integral_value())

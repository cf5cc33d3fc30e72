"""A claim's number computed again from the report's own figures by the closed calculator, and whether the two agree within rounding.

A printed number stands for all that round to it: half a unit of its last digit either way, for the claim and for the cells.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.calculate import calculate, numeral
from dualtrack.apps.research.expression import read_expression
from dualtrack.apps.research.green.reading import amounts, metric_in, shares_in
from dualtrack.apps.research.green.words import green_words, pattern_of, plain, says
from dualtrack.apps.research.program import Operand
from dualtrack.apps.research.units import NUMBER, UNSTATED, unit_of
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dualtrack.apps.research.green.cells import Measure, Measures
    from dualtrack.apps.research.green.records import Claim
    from dualtrack.apps.research.program import Trace

__all__ = ["Computed", "agrees", "candidates", "parts_in", "same_part", "shown"]


_HAN, _LATIN = re.compile(r"[\u3400-\u9fff]"), re.compile(r"[a-z]{3}")
_OVER = frozenset({"per", "每"})


class Computed(NamedTuple):
    """A number computed from figures: `slack` is what their rounding may make of it, `whole` that they are of no part."""

    value: Decimal
    slack: Decimal
    used: tuple[Measure, ...]
    trace: Trace
    whole: bool


def candidates(claim: Claim, measures: Measures) -> Iterator[Computed]:
    """Yield every number that the figures give for what a claim says, each way that its scope and unit allow."""
    if claim.metric is None or claim.period is None:
        return
    now = _of(claim, measures, claim.period)
    if claim.quantity == "level":
        for each in now:
            if each.unit == claim.unit:
                yield from _made("a", {"a": each})
        if claim.unit == "%":
            yield from _shares(claim, now, measures)
    elif claim.baseline is not None:
        wanted = {"points": "%", "difference": claim.unit}.get(claim.quantity or "")
        for new, old in _pairs(now, _of(claim, measures, claim.baseline)):
            if wanted is None or new.unit == wanted:
                yield from _made("(a - b) / b" if wanted is None else "a - b", {"a": new, "b": old})
    yield from _sums(claim, measures)


def _pairs(now: Sequence[Measure], before: Sequence[Measure]) -> Iterator[tuple[Measure, Measure]]:
    """Yield the figures of two years that are of one row."""
    known: dict[tuple[str, str, str], list[Measure]] = {}
    for each in before:
        known.setdefault(_same(each), []).append(each)
    for each in now:
        yield from ((each, old) for old in known.get(_same(each), []))


def agrees(claim: Claim, found: Computed) -> bool:
    """Tell whether a computed number is the claimed one within rounding, as a claim of `about`, `over` or `at most` takes it."""
    said, (amount, *_) = (
        Decimal(claim.value or 0),
        (*amounts(plain(claim.printed), counts=True), *shares_in(plain(claim.printed))) or (None,),
    )
    step = amount.step if amount else Decimal(0)
    slack = max(step / 2, found.slack) if claim.quantity == "level" else step / 2 + found.slack
    if claim.bound in {"least", "most"} and (said < 0) == (found.value < 0):
        more = abs(found.value) - abs(said)
        return more >= -slack if claim.bound == "least" else more <= slack
    return abs(found.value - said) <= (max(slack, step) if claim.bound == "about" else slack)


@cache
def _parts() -> re.Pattern[str]:
    words = green_words()
    return pattern_of((*words.parts.en, *words.parts.zh))


def parts_in(text: str) -> frozenset[str]:
    """Return the words of a text that make a figure one of a part: places, buildings, `per`."""
    known = plain(text).replace("per cent", "%").replace("hong kong dollar", "hkd")
    found = frozenset(_parts().findall(known))
    return found - _OVER if "intensity" in (metric_in(known) or "") else found


def same_part(claim: Claim, found: Computed) -> bool:
    """Tell whether figures are of the part that a claim is of. Of a label in both languages the claim's counts."""
    there = frozenset[str]()
    for each in found.used:
        parts = parts_in(each.label)
        both = _HAN.search(each.label) is not None and _LATIN.search(each.label) is not None
        there |= {one for one in parts if not both or one.isascii() == (claim.language == "en")}
    return there == parts_in(claim.text)


_SIGNS = {"number": "", "tco2e": "tCO2e", "kwh": "kWh", "gj": "GJ", "m3": "m³", "m2": "m²"}
_LARGER = {"kwh": "MWh", "kg": "t"}
_LARGE = 10_000
"""Signs of units as they are printed; those of a thousand of a unit, and from where they are used."""


def shown(value: Decimal, unit: str) -> str:
    """Return a number as a reader sees it: per cent with one digit, amounts with commas and their unit, large ones in the larger unit."""
    if unit == "%":
        return f"{value * 100:.1f}%"
    sign = _SIGNS.get(unit, unit)
    if unit in _LARGER and abs(value) >= _LARGE:
        sign, value = _LARGER[unit], value.scaleb(-3)
    return f"{value.normalize():,f} {sign}".strip()


def _of(claim: Claim, measures: Measures, year: int) -> list[Measure]:
    """Return the figures of a year that are of a claim's scopes; a claim of none takes those of none, else a total."""
    every = measures.of(claim.metric or "", year)
    same = [each for each in every if each.scopes == claim.scopes]
    if same or claim.scopes:
        return same
    return [each for each in every if len(each.scopes) > 1 and says("total", each.label)]


def _same(each: Measure) -> tuple[str, str, str]:
    """Return what two years of one figure have in common: the row's label, unit and table; what is said in text has no row."""
    table, mark, _ = each.address.rpartition("/r")
    return (each.label, each.unit, table) if mark else ("", each.unit, "")


def _shares(claim: Claim, now: Sequence[Measure], measures: Measures) -> Iterator[Computed]:
    """Yield the part over the whole of one unit and year, as renewable over all electricity."""
    for name in green_words().metrics[claim.metric or ""].whole:
        for whole in measures.of(name, claim.period or 0):
            for part in now:
                if part.unit == whole.unit and part.unit not in {"", "%"} and whole.whole:
                    yield from _made("a / b", {"a": part, "b": whole})


def _sums(claim: Claim, measures: Measures) -> Iterator[Computed]:
    """Yield what the scopes of a claim add up to where the report gives each scope by itself."""
    if len(claim.scopes) < 2 or claim.quantity in {"points", "difference"}:  # noqa: PLR2004 - a sum has two terms
        return
    years = {"a": claim.period} | ({"b": claim.baseline} if claim.quantity == "change" else {})
    used: dict[str, Measure] = {}
    for letter, year in years.items():
        for scope in claim.scopes:
            found = [
                each for each in measures.of(claim.metric or "", year or 0) if each.scopes == (scope,) and each.whole
            ]
            if not found:
                return
            used[f"{letter}{scope}"] = found[0]
    a, b = (" + ".join(f"{letter}{scope}" for scope in claim.scopes) for letter in "ab")
    if claim.quantity == "level":
        if all(each.unit == claim.unit for each in used.values()):
            yield from _made(a, used)
        return
    yield from _made(f"({a} - ({b})) / ({b})", used)


def _made(expression: str, used: Mapping[str, Measure]) -> Iterator[Computed]:
    """Yield the calculation where it can be made: a nought below the line or units apart give none."""
    read = read_expression(expression, names=True)
    named = {each.text: each.name for each in read.written}
    operands = [_operand(named[text], each) for text, each in used.items()]
    try:
        trace = calculate(read.program, operands)
    except FieldError:
        return
    value = Decimal(trace.value)
    yield Computed(
        value, _slack(expression, used, value), tuple(used.values()), trace, all(each.whole for each in used.values())
    )


def _operand(name: str, each: Measure) -> Operand:
    unit = NUMBER if each.unit in {"%", "number"} else unit_of(each.unit) if each.unit else UNSTATED
    return Operand(name=name, source=each.address, text=each.printed, value=numeral(each.value), unit=unit)


def _slack(expression: str, used: Mapping[str, Measure], value: Decimal) -> Decimal:
    """Return how far the rounding of the figures can move the result: in full for sums, relative for quotients (first order)."""
    halves = sum((each.step / 2 for each in used.values()), Decimal(0))
    if "/" not in expression:
        return halves
    below = sum((abs(each.value) for name, each in used.items() if name.startswith("b")), Decimal(0))
    return halves * (1 + abs(value)) / below if below else Decimal(0)

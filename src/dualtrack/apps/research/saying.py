"""A figure as a person reads it: rounded where it was computed, with its scale and unit in both languages. The record keeps every digit."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from dualtrack.apps.research.solving.answer import Answered
    from dualtrack.apps.research.units import Unit

__all__ = ["rounded", "said_figure", "said_unit"]

_DECIMALS_MAX = 4
"""Decimals that are shown as they are: reports print no more."""

_DECIMALS, _DIGITS = 2, 4
"""Decimals of a longer number, and significant digits of one below 1."""

_SCALES = {
    "thousand": Text(en="thousand", zh="千"),
    "ten thousand": Text(en="ten thousand", zh="萬"),
    "million": Text(en="million", zh="百萬"),
    "hundred million": Text(en="hundred million", zh="億"),
    "billion": Text(en="billion", zh="十億"),
    "cents": Text(en="cents", zh="仙"),
}
_UNITS = {
    "HKD": "港元", "CNY": "人民幣元", "USD": "美元", "GBP": "英鎊", "EUR": "歐元", "JPY": "日圓", "SGD": "新加坡元", "AUD": "澳元", "CAD": "加元", "CHF": "瑞士法郎",
    "TWD": "新台幣", "KRW": "韓圜", "MOP": "澳門元", "share": "股",
}  # fmt: skip
_NOT_STATED = Text(en="unit not stated", zh="單位不明")


def rounded(shown: str) -> str:
    """Return a number as it is shown: one with more than four decimals is rounded, half to even."""
    value = Decimal(shown)
    places = -int(value.as_tuple().exponent)
    if places <= _DECIMALS_MAX:
        return shown
    decimals = _DECIMALS if abs(value) >= 1 else _DIGITS - 1 - value.adjusted()
    return format(round(value, decimals), "f")


def said_unit(unit: Unit) -> Text:
    """Return a unit in words; a pure number has none."""
    if not unit.stated:
        return _NOT_STATED
    if not unit.parts:
        return Text(en="", zh="")
    over = "".join(_UNITS.get(name, name) for name, power in unit.parts if power > 0)
    under = "".join(_UNITS.get(name, name) for name, power in unit.parts if power < 0)
    return Text(en=unit.words, zh=f"每{under}{over}" if under else over)


def said_figure(figure: Answered) -> tuple[str, Text]:
    """Return the number, and its scale and unit: `("6.52%", …)`, `("1310.2", million HKD · 百萬港元)`."""
    number = f"{figure.choice} {rounded(figure.shown)}".strip()
    if figure.scale == "percent":
        return f"{number}%", Text(en="", zh="")
    scale, unit = _SCALES.get(figure.scale, Text(en="", zh="")), said_unit(figure.unit)
    return number, Text(en=f"{scale.en} {unit.en}".strip(), zh=f"{scale.zh}{unit.zh}")

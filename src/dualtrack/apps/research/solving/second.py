"""A second way to a figure: a total against the sum of its parts, a change against the one that the table or the text states.

One that agrees is named in the answer. One that does not agree means that the table is misprinted, restated or misread: then there is
no answer. Agreement is to the rounding of what is printed.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from dualtrack.apps.research.calculate import numeral
from dualtrack.apps.research.solving.answer import NoAnswerError, Second
from dualtrack.apps.research.solving.findings import finding, quoted
from dualtrack.apps.research.solving.periods import years_of
from dualtrack.apps.research.solving.scales import POWERS
from dualtrack.apps.research.solving.table import parts_above
from dualtrack.apps.research.solving.words import plain
from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.solving.answer import Cited
    from dualtrack.apps.research.solving.plan import Plan
    from dualtrack.apps.research.solving.table import Body, Held

__all__ = ["second_way"]

_TOTAL = re.compile(r"^(?:sub-?)?total\b|^合計|總[計額]|^net total")
_SENTENCE = re.compile(r"(?<=[.!?。])\s+|。|\n")
_CHANGED = re.compile(
    r"\b(?:increas|decreas|grew|grow|declin|rose|fell|drop|reduc|up|down|higher|lower)\w*\b|增加|減少|上升|下跌|增長"
)
_PERCENT = re.compile(r"(?<![\d.,])(\d+(?:\.\d+)?)\s?(?:%|per ?cent|個百分比)")
_MONEY = re.compile(
    r"(?:[$£€¥]|hkd|usd|rmb|港元|港幣)\s?(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s?(thousand|million|billion)?"
)
_FRACTION_MAX = Decimal(1)
_LABEL_WORDS = 2


def second_way(plan: Plan, body: Body, cited: Sequence[Cited], value: str, paragraphs: Sequence[str]) -> Second | None:
    """Return a second way to a figure that agrees, None where there is none; raises NoAnswerError where one does not agree."""
    found = [_parts(held, each, body) for held, each in zip(plan.cells.values(), cited, strict=True)]
    if plan.expression.replace(" ", "") in {"a-b", "(a-b)/b"} and plan.cells["a"].row == plan.cells["b"].row:
        found.insert(0, _stated_in_text(plan, Decimal(value), cited, paragraphs))
        found.insert(0, _column(plan, body, Decimal(value), cited))
    return next((each for each in found if each is not None), None)


def _parts(held: Held, cited: Cited, body: Body) -> Second | None:
    """Check a total against the rows above it that add up to it in this or another column."""
    if not _TOTAL.search(plain(held.label)):
        return None
    rows: dict[int, dict[int, Held]] = {}
    for each in body.cells:
        rows.setdefault(each.row, {})[each.column] = each
    own = parts_above(rows, held.row, held.column)
    if own is not None:
        return Second(
            how=Text(en="sum of its parts", zh="各部分之和"), value=cited.value,
            address=f"{body.table.address(own[0], held.column)} to {body.table.address(own[-1], held.column)}",
        )  # fmt: skip
    elsewhere = [
        found for column in rows[held.row] if column != held.column and (found := parts_above(rows, held.row, column))
    ]
    parts = next((each for each in elsewhere if len(each) > 1 and all(held.column in rows[row] for row in each)), None)
    if parts is None or len({tuple(each) for each in elsewhere}) > 1:
        return None
    total = sum(rows[row][held.column].reported.value for row in parts)
    raise NoAnswerError(
        "second derivation",
        finding(
            "total_differs", line=quoted(f"{held.label} {held.heading}"), printed=held.text, sum=numeral(Decimal(total))
        ),
    )


def _column(plan: Plan, body: Body, value: Decimal, cited: Sequence[Cited]) -> Second | None:
    """Check a change against the table's own column of changes."""
    new, old = plan.cells["a"], plan.cells["b"]
    wanted = {each.year for held in (new, old) for each in held.periods if each.year}
    for each in body.cells:
        named = set(years_of(each.heading))
        if each.row != new.row or not each.change or (named and not wanted <= named) or each.reported.nil:
            continue
        percent = each.reported.percent or "%" in each.heading or "ercent" in each.heading
        if percent != (plan.shape == "percent") or each.column < max(new.column, old.column):
            continue
        stated = each.reported.value if each.reported.percent or not percent else each.reported.value / 100
        printed = stated if percent else stated.scaleb(POWERS[cited[0].scale])
        step = Decimal(1).scaleb(
            int(each.reported.value.as_tuple().exponent) - (2 if percent and not each.reported.percent else 0)
        )
        step = step if percent else step.scaleb(POWERS[cited[0].scale])
        if abs(abs(value) - abs(printed)) <= 2 * step:
            return Second(
                how=Text(en="change stated in the table", zh="表內列示的變動"),
                address=body.table.address(each.row, each.column),
                value=numeral(printed),
            )
        raise NoAnswerError(
            "second derivation",
            finding("change_stated", line=quoted(new.label), stated=each.text, given=_short(value, plan)),
        )
    return None


def _stated_in_text(plan: Plan, value: Decimal, cited: Sequence[Cited], paragraphs: Sequence[str]) -> Second | None:
    """Check a change against a sentence that names the line and both years and states one change."""
    label = plain(plan.cells["a"].label).strip(" :")
    years = {each.year for held in plan.cells.values() for each in held.periods if each.year}
    if len(label.split()) < _LABEL_WORDS and not re.search(r"[一-鿿]", label):
        return None
    for number, text in enumerate(paragraphs, start=1):
        for sentence in _SENTENCE.split(text):
            lower = plain(sentence)
            if label not in lower or not _CHANGED.search(lower):
                continue
            found = _amounts(lower, percent=plan.shape == "percent", scale=cited[0].scale)
            if any(abs(abs(value) - amount) <= step for amount, step in found):
                stated = min((amount for amount, _ in found), key=lambda amount: abs(abs(value) - amount))
                return Second(
                    how=Text(en="change stated in the text", zh="文字所述的變動"),
                    address=f"p{number}",
                    value=numeral(stated),
                )
            if (
                len(found) == 1
                and plan.shape == "percent"
                and len(years) > 1
                and years == set(years_of(sentence))
                and lower.count(label) == 1
            ):
                raise NoAnswerError(
                    "second derivation",
                    finding("text_states", stated=f"{found[0][0] * 100:f}%", given=_short(value, plan)),
                )
    return None


def _amounts(lower: str, *, percent: bool, scale: str) -> list[tuple[Decimal, Decimal]]:
    """Return the shares or sums of money of a sentence in base units, each with half a step of its last digit and a little more."""
    found = []
    if percent:
        for match in _PERCENT.finditer(lower):
            amount = Decimal(match[1])
            found.append((amount / 100, Decimal(1).scaleb(int(amount.as_tuple().exponent) - 2) * _FRACTION_MAX))
    else:
        for match in _MONEY.finditer(lower):
            amount = Decimal(match[1].replace(",", ""))
            power = POWERS[match[2] or ""] if match[2] else (POWERS[scale] if "," not in match[1] else 0)
            found.append(
                (amount.scaleb(power), Decimal(1).scaleb(int(amount.as_tuple().exponent) + power) * _FRACTION_MAX)
            )
    return found


def _short(value: Decimal, plan: Plan) -> str:
    return f"{value * 100:.2f}%" if plan.shape == "percent" else f"{value:,.2f}"

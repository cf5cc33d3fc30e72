"""What a language model may propose: a calculation over operands that it points at, in one closed form, never a number of its own.

    {"expression": "(a - b) / b", "operands": [{"name": "a", "address": "income/r2c3", "text": "1,310"}, {"name": "b", "quote": "$1,200 million"}],
     "unit": "number", "scale": "percent", "period": "2019"}
    {"cannot": "why"}

Reading refuses every other form, so that prose, a number without a place or another operation never reaches a calculation. Whether the
operands stand where they are said to is for `check_proposal`.
"""

from __future__ import annotations

import re

import msgspec

from dualtrack.apps.research.expression import read_expression
from dualtrack.apps.research.solving.scales import POWERS
from dualtrack.domain.records import Record
from dualtrack.errors import DocumentError, ExpressionError

__all__ = [
    "CONSTANTS",
    "OPERANDS_MAX",
    "PROPOSAL_CHARS_MAX",
    "Pointed",
    "Proposal",
    "make_prompt_form",
    "read_proposal",
]

PROPOSAL_CHARS_MAX = 16_000
"""Longest answer that is read: forty operands with quotes, and room."""

OPERANDS_MAX = 40
CONSTANTS = frozenset(map(str, (*range(13), 365, 366)))
"""Numbers that may stand in a calculation without a place: how many are averaged, months, days of a year. Base units need no 100 or 1,000."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_UNIT = re.compile(r"(?:[A-Za-z]{1,12}(?:/[a-z]{1,12})?)?")
_FORM = '{"expression": ..., "operands": [{"name": ..., "address": ... or "quote": ...}], "unit": ..., "scale": ..., "period": ...} or {"cannot": ...}'


class Pointed(Record, frozen=True):
    """An operand by name: the address of a cell and, if given, the text it is said to hold; or an exact quote from the text."""

    name: str
    address: str | None = None
    text: str | None = None
    quote: str | None = None


class Proposal(Record, frozen=True):
    """A proposed calculation; unit is `number`, a currency, `share`, `HKD/share`, or empty where the source names none. `cannot` says why there is none."""

    expression: str = ""
    operands: tuple[Pointed, ...] = ()
    unit: str = ""
    scale: str = ""
    period: str = ""
    cannot: str = ""


def read_proposal(text: str) -> Proposal:
    """Read what a model answers; raises DocumentError saying what is wrong: prose, another form, a number without a place, another operation.

    Its code is `proposal.prose`, `proposal.placeless` (a number without a place) or `proposal.form`.
    """
    if len(text) > PROPOSAL_CHARS_MAX:
        raise _odd(f"{len(text):,} characters")
    if not text.lstrip().startswith("{"):
        raise _odd(f"prose: {text.strip()[:60]!r}" if text.strip() else "an empty answer", "proposal.prose")
    try:
        read = msgspec.json.decode(text.encode(), type=Proposal, strict=True)
    except msgspec.ValidationError as error:
        raise _odd(str(error)) from error
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise _odd("no JSON, or text after it") from error
    if read.cannot:
        if read.expression or read.operands:
            raise _odd("a calculation and a reason for none")
        return read
    _check_operands(read)
    _check_expression(read)
    if _UNIT.fullmatch(read.unit) is None:
        raise _odd(f"unit {read.unit!r:.40}")
    if read.scale not in POWERS:
        raise _odd(f"scale {read.scale!r:.40}; known are {', '.join(filter(None, POWERS))}")
    return read


def make_prompt_form() -> str:
    """Return the form in words, as a prompt shows it."""
    return _FORM


def _check_operands(read: Proposal) -> None:
    if not 0 < len(read.operands) <= OPERANDS_MAX:
        raise _odd(f"{len(read.operands)} operands")
    names = [each.name for each in read.operands]
    if len(set(names)) < len(names):
        raise _odd("two operands of one name")
    for each in read.operands:
        if _NAME.fullmatch(each.name) is None:
            raise _odd(f"operand name {each.name!r:.40}")
        if (each.address is None) == (each.quote is None):
            both = each.address is not None
            raise _odd(
                f"operand {each.name} with {'both an address and a quote' if both else 'no place'}",
                "proposal.form" if both else "proposal.placeless",
            )


def _check_expression(read: Proposal) -> None:
    try:
        written = read_expression(read.expression, names=True).written
    except ExpressionError as error:
        raise _odd(f"a calculation that is not read: {error.found}") from error
    known = {each.name for each in read.operands}
    for each in written:
        if each.kind == "cell":
            raise _odd(f"cell {each.text} in the calculation; name it as an operand")
        if each.kind == "number" and each.text.replace(",", "") not in CONSTANTS:
            raise _odd(f"the number {each.text} without a place", "proposal.placeless")
        if each.kind == "name" and each.text not in known:
            raise _odd(f"{each.text} is no operand")
    idle = known - {each.text for each in written}
    if idle:
        raise _odd(f"operand {min(idle)} is not used")


def _odd(found: str, code: str = "proposal.form") -> DocumentError:
    return DocumentError(
        found, where="the model's answer", expected=_FORM, fix="ask again, or point at the cells yourself", code=code
    )

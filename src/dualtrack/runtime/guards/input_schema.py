"""Guard: inputs have the form that the model was validated with.

A row is checked against the policy's fields, a conversation against roles, numbers and lengths. Fields of suspicion are not
looked at, not even for presence: they never reach a model, and nothing may depend on them (see tipping_off).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, get_args

from dualtrack.errors import FieldError
from dualtrack.runtime.guards.base import CLEAR, SCORE_MAX, Finding, GuardResult, Role
from dualtrack.runtime.guards.texts import refuse_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.policy import FieldSetting
    from dualtrack.domain.records import Value
    from dualtrack.runtime.guards.base import Checked

__all__ = ["FINDINGS_MAX", "PIECES_MAX", "STRING_CHARACTERS_MAX", "InputSchema"]

PIECES_MAX = 500
"""Pieces of one conversation: the longest chat of a day has some hundred."""

STRING_CHARACTERS_MAX = 10_000
"""Code points of one text field of a row; a longer text is a document and belongs in a piece."""

FINDINGS_MAX = 50
"""Findings kept of one row: one is enough to fire, more help to repair."""

_ROLES = frozenset(get_args(Role))
_ASKING = frozenset({"user", "tool"})
_INTEGER_MAX = 2**53


class InputSchema:
    """Scores 1000 for any departure from the declared form.

    Settings: `pieces_max` and `string_characters_max`, whole numbers that may only lower the limits.
    """

    name: ClassVar[str] = "input_schema"
    stages: ClassVar[frozenset[str]] = frozenset({"input"})
    source: ClassVar[str] = "SFC 24EC55 paragraphs 13 and 24; HKMA 1 November 2019 principle 5"

    def __init__(self, settings: Mapping[str, Value]) -> None:
        refuse_settings(self.name, settings, ("pieces_max", "string_characters_max"))
        self._pieces_max = _limit(settings, "pieces_max", PIECES_MAX)
        self._string_max = _limit(settings, "string_characters_max", STRING_CHARACTERS_MAX)

    def check(self, checked: Checked, /) -> GuardResult:
        """Return 1000 and what departs from the form, or nothing."""
        found: list[Finding] = []
        if checked.row is not None:
            why = self._row(checked.row, checked.policy.fields)
            found = [Finding("field", 0, 0, 0, SCORE_MAX, text) for text in why[:FINDINGS_MAX]]
        if checked.row is None or checked.pieces:
            found += self._pieces(checked)
        return GuardResult(SCORE_MAX, tuple(found)) if found else CLEAR

    def _row(self, row: Mapping[str, object], fields: list[FieldSetting]) -> list[str]:
        known = {item.name for item in fields}
        why = ["a field that the policy does not list"] if any(name not in known for name in row) else []
        for item in fields:
            if item.suspicion:
                continue
            value = row.get(item.name)
            if value is None:
                if item.required:
                    why.append(f"field {item.name} is missing")
            elif wrong := self._value(item, value):
                why.append(f"field {item.name} {wrong}")
        return why

    def _value(self, item: FieldSetting, value: object) -> str:
        """Return what is wrong with a value, in words that do not repeat it, or nothing."""
        if item.type == "boolean":
            return "" if isinstance(value, bool) else "is not true or false"
        if item.type != "string":
            return _number(item, value)
        if not isinstance(value, str):
            return "is not a text"
        if len(value) > self._string_max:
            return f"is longer than {self._string_max} characters"
        return "is not one of the listed values" if item.values and value not in item.values else ""

    def _pieces(self, checked: Checked) -> list[Finding]:
        pieces = checked.pieces
        if not pieces:
            return [Finding("empty", 0, 0, 0, SCORE_MAX, "neither a row nor a text")]
        found: list[Finding] = []
        if len(pieces) > self._pieces_max:
            found.append(Finding("pieces", 0, 0, 0, SCORE_MAX, f"more than {self._pieces_max} pieces"))
        if sum([len(piece[1]) for piece in pieces]) > checked.policy.bounds.characters:
            found.append(Finding("length", 0, 0, 0, SCORE_MAX, "more characters than the policy allows"))
        begun = asked = False
        for number, (role, text) in enumerate(pieces):
            asked = asked or (role in _ASKING and text != "" and not text.isspace())
            if number >= self._pieces_max:
                continue
            if role not in _ROLES:
                found.append(Finding("role", number, 0, 0, SCORE_MAX, "an unknown role"))
            elif role == "system" and begun:
                found.append(Finding("role", number, 0, 0, SCORE_MAX, "a system text after the conversation began"))
            begun = begun or role != "system"
        if not asked:
            found.append(Finding("empty", len(pieces) - 1, 0, 0, SCORE_MAX, "no question"))
        return found


def _number(item: FieldSetting, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "is not a number"
    if isinstance(value, int) and abs(value) > _INTEGER_MAX:
        return "is beyond 2^53"
    if not math.isfinite(value):
        return "is not finite"
    if item.type == "integer" and value != int(value):
        return "is not a whole number"
    low, high = item.low, item.high
    outside = (low is not None and value < low) or (high is not None and value > high)
    return "is out of its range" if outside else ""


def _limit(settings: Mapping[str, Value], name: str, limit: int) -> int:
    value = settings.get(name, limit)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= limit:
        raise FieldError(
            f"{name} {value!r}"[:100], where="guard input_schema", expected=f"a whole number from 1 to {limit}"
        )
    return value

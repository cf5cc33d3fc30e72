"""Guard and wall: nothing shows whether a suspicion about a customer was reported or exists.

It is an offence to reveal what might prejudice an investigation. So fields that the policy marks `suspicion` are taken out of a
row before any guard or model sees it: `without_suspicion`, which the chain calls itself, before all guards, and whoever records
a row before sealing it, so that no receipt, review or auditor's look finds them there either. Results are the
same whatever these fields hold and whether they are there. Words of reports and investigations score the same for everybody.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from dualtrack.runtime.guards.base import CLEAR, SCORE_MAX, Finding, GuardResult, Piece
from dualtrack.runtime.guards.cues import combine, cue_set
from dualtrack.runtime.guards.texts import answered, asked, refuse_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.records import Value
    from dualtrack.runtime.guards.base import Checked

__all__ = ["NEUTRAL", "TippingOff", "walled_content", "without_suspicion"]

NEUTRAL = "[not answered here · 此處不作回答]"
"""Stands for a text that was taken out; the same for everybody."""

_encode = msgspec.json.Encoder(order="sorted").encode

_PATTERNS_KEPT = 256
"""Sets of field names whose pattern is kept; a process serves fewer uses."""


def without_suspicion(policy: RuntimePolicy, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row without the fields of suspicion; their values are not read."""
    kept_out = {item.name for item in policy.fields if item.suspicion}
    return {name: value for name, value in row.items() if name not in kept_out}


def walled_content(policy: RuntimePolicy, content: bytes) -> bytes:
    """Return a sealed content as anybody may read it: rows recorded before the wall stood there may hold such fields."""
    if not any(item.suspicion for item in policy.fields):
        return content
    try:
        row = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return content
    if not isinstance(row, dict) or not any(item.suspicion and item.name in row for item in policy.fields):
        return content
    return _encode(without_suspicion(policy, row))


class TippingOff:
    """Takes fields of suspicion out, and scores 1000 for language of suspicion reports in questions, answers and reasons.

    With fields of suspicion and a row, the score at input is always 1000: it tells that the wall stands, never about whom.
    """

    name: ClassVar[str] = "tipping_off"
    stages: ClassVar[frozenset[str]] = frozenset({"input", "output"})
    source: ClassVar[str] = "SFC AML Guideline 7.6; Cap. 405 and 455 section 25A(5); Cap. 575 section 12(5)"
    actions: ClassVar[frozenset[str]] = frozenset({"redact", "block", "route"})

    def __init__(self, settings: Mapping[str, Value]) -> None:
        refuse_settings(self.name, settings)
        self._cues = cue_set("tipping_off")

    def check(self, checked: Checked, /) -> GuardResult:
        """Return the score, and the pieces and row with all that was found taken out."""
        output = checked.stage == "output"
        fields = checked.policy.fields
        hidden = tuple(item.name for item in fields if item.suspicion) if fields else ()
        parts = answered(checked) if output else asked(checked)
        found = [item for part in parts for item in self._cues.find(part, checked.stage)]
        if output and hidden:
            names = _names(hidden)
            found += [
                Finding("suspicion-field", part.piece, match.start(), match.end(), SCORE_MAX, "names a walled field")
                for part in parts
                if (match := names.search(part.text))
            ]
        if not found and checked.row is None:
            return CLEAR
        texts = {item.piece for item in found}
        pieces = tuple(
            Piece(piece.role, NEUTRAL) if number in texts else piece for number, piece in enumerate(checked.pieces)
        )
        row = None if checked.row is None else without_suspicion(checked.policy, checked.row)
        if row is not None and hidden and not output:
            found.append(
                Finding("suspicion-wall", 0, 0, 0, SCORE_MAX, "fields of suspicion are taken out of every row")
            )
        if texts and output and (checked.answer is not None or checked.reasons):
            return GuardResult(combine(found), tuple(found))  # data and reasons cannot be taken out: redact means block
        return GuardResult(combine(found), tuple(found), pieces, row)


@lru_cache(_PATTERNS_KEPT)
def _names(hidden: tuple[str, ...]) -> re.Pattern[str]:
    listed = "|".join(re.escape(name) for name in hidden)
    return re.compile(rf"(?<![A-Za-z0-9_])(?:{listed})(?![A-Za-z0-9_])", re.IGNORECASE)

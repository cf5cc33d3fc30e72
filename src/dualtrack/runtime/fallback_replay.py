"""Runs the fixed rules of a policy again on a recorded input: the bytes of the output that they give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dualtrack.domain.fallback import RULES_COMPONENT
from dualtrack.runtime.fallback import newest_question, read_rules
from dualtrack.runtime.guards.base import Checked, Piece
from dualtrack.runtime.guards.chain import run_guards
from dualtrack.runtime.guards.registry import build_guards

if TYPE_CHECKING:
    from dualtrack.domain.decision import Decision
    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.records import Text

__all__ = ["answered_by_rules", "ruled_again"]

_encode = msgspec.json.Encoder(order="sorted").encode


def answered_by_rules(record: Decision) -> bool:
    """Tell whether the rules gave the output of a decision: they are its last attempt, and it went well."""
    last = record.upstream[-1] if record.upstream else None
    return last is not None and last.component == RULES_COMPONENT and last.fault is None and record.output is not None


def ruled_again(record: Decision, policy: RuntimePolicy, asked: bytes) -> bytes | None:
    """Return the output that the rules give for a recorded input, or None where they give none."""
    rules = read_rules(policy, where="runtime policy")
    if rules is None:
        return None
    guards, language = build_guards(policy), record.language or "en"
    plain = msgspec.json.decode(asked)
    if isinstance(plain, dict):
        seen = run_guards(guards, "input", Checked("input", record.use, policy, language, row=plain)).row or {}
        fixed = rules.decide(seen).fixed
        return None if fixed.person else _encode(fixed.output)
    asked_pieces = tuple(Piece(item["role"], item["text"]) for item in plain)
    pieces = run_guards(guards, "input", Checked("input", record.use, policy, language, pieces=asked_pieces)).pieces
    rule = rules.answer(newest_question(pieces))
    if rule is None:
        return None
    notice = _notice(policy, asked_pieces)
    parts = (notice, rule.answer) if notice else (rule.answer,)
    text = "\n\n".join(part.zh if language == "zh-Hant" else part.en for part in parts)
    checked = Checked(
        "output", record.use, policy, language, pieces=(*pieces, Piece("assistant", text)), answer=text,
        turn=_turn(asked_pieces),
    )  # fmt: skip
    found = run_guards(guards, "output", checked)
    return _encode(found.pieces[-1].text if found.action == "redact" and found.pieces else text)


def _notice(policy: RuntimePolicy, pieces: tuple[Piece, ...]) -> Text | None:
    found = policy.disclosure
    return found.text if found is not None and (found.every or _turn(pieces) == 1) else None


def _turn(pieces: tuple[Piece, ...]) -> int:
    return sum(piece.role == "user" for piece in pieces)

"""Guard: text that tries to give the model orders, and canaries of the system prompt in answers.

Documents and tools have no authority, so more counts as an attack there than from a person. Every text is judged as folded
(see texts) and once more with what is hidden in it decoded: base64, hex, percent signs, spaced-out letters, digits for letters.
Invisible and direction-changing characters are findings of their own. No list finds every attack: this is one layer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from dualtrack.errors import FieldError
from dualtrack.runtime.guards.base import CLEAR, SCORE_MAX, Finding, GuardResult
from dualtrack.runtime.guards.cues import combine, cue_set
from dualtrack.runtime.guards.hidden import hidden_texts, unseen_characters
from dualtrack.runtime.guards.texts import Part, answered, fold, refuse_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.records import Value
    from dualtrack.runtime.guards.base import Checked

__all__ = ["CANARIES_MAX", "CANARY_CHARACTERS_MIN", "Injection"]

CANARIES_MAX = 20
"""Canaries of one policy: one for each prompt and index."""

CANARY_CHARACTERS_MIN = 8
"""Shortest canary, in letters and digits: a shorter one occurs by chance."""

_MARKED = re.compile(r"\[canary:([A-Za-z0-9-]{8,64})\]")
_UNTRUSTED = frozenset({"retrieved", "tool"})
_NOT_WORD = re.compile(r"[\W_]")


class Injection:
    """Scores orders to the model by cues and structure; per piece.

    Setting `canaries`: texts that stand in system prompts and nowhere else; `[canary:…]` in a system text is one too.
    """

    name: ClassVar[str] = "injection"
    stages: ClassVar[frozenset[str]] = frozenset({"input", "output"})
    source: ClassVar[str] = "SFC 24EC55 paragraphs 20 and 21; OWASP LLM01:2025"

    def __init__(self, settings: Mapping[str, Value]) -> None:
        refuse_settings(self.name, settings, ("canaries",))
        self._cues = cue_set("injection")
        given = settings.get("canaries", [])
        if not isinstance(given, list) or len(given) > CANARIES_MAX:
            raise FieldError("canaries", where="guard injection", expected=f"a list of at most {CANARIES_MAX} texts")
        self._canaries = tuple(_bare(text) for text in given)
        if any(len(text) < CANARY_CHARACTERS_MIN for text in self._canaries):
            raise FieldError(
                "a canary that is too short",
                where="guard injection",
                expected=f"{CANARY_CHARACTERS_MIN} letters or digits or more",
            )

    def check(self, checked: Checked, /) -> GuardResult:
        """Return the highest score of any piece: pieces do not add up, so a long conversation is no attack by itself."""
        found: list[Finding] = []
        if checked.stage == "output":
            canaries = {*self._canaries, *_marked(checked)}
            for part in answered(checked):
                found += self._judge(part, "output")
                if canaries:
                    found += _leaks(part, canaries)
        else:
            for number, (role, text) in enumerate(checked.pieces):
                if role != "system":
                    found += self._judge(Part(number, role, text), "input")
        if not found:
            return CLEAR
        by_piece: dict[int, list[Finding]] = {}
        for item in found:
            by_piece.setdefault(item.piece, []).append(item)
        return GuardResult(max((combine(items) for items in by_piece.values()), default=0), tuple(found))

    def _judge(self, part: Part, stage: str) -> list[Finding]:
        untrusted = part.role in _UNTRUSTED
        found = self._cues.find(part, stage, untrusted=untrusted)
        plain = part.text.isascii()
        if not plain:
            found += unseen_characters(part, untrusted=untrusted)
        for text, start, end, how in hidden_texts(part.text, self._cues.words(part.text, stage) if plain else None):
            inner = self._cues.find(Part(part.piece, part.role, text), stage, untrusted=untrusted)
            found += [Finding(item.kind, part.piece, start, end, item.score, f"{item.why} ({how})") for item in inner]
        return found


def _bare(text: str) -> str:
    return _NOT_WORD.sub("", fold(text).text)


def _marked(checked: Checked) -> set[str]:
    systems = [piece.text for piece in checked.pieces if piece.role == "system" and "[canary:" in piece.text]
    return {_bare(match) for text in systems for match in _MARKED.findall(text)[:CANARIES_MAX]}


def _leaks(part: Part, canaries: set[str]) -> list[Finding]:
    texts = [part.text, *(hidden.text for hidden in hidden_texts(part.text))]
    if any(canary in _bare(text) for text in texts for canary in canaries):
        return [Finding("canary", part.piece, 0, len(part.text), SCORE_MAX, "a canary of the system prompt")]
    return []

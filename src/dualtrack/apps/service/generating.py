"""Generated answers of a chat: from numbered sources, each sentence held against what it cites; what does not hold is not shown.

Opt-in: a model is asked only where the released policy names one before its passages. Whatever it writes, the customer gets
checked sentences with their sources, or the approved passage as it stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.apps.service.grounding.prompt import absent_answer, make_prompt
from dualtrack.apps.service.grounding.verdict import ground
from dualtrack.domain.records import Text
from dualtrack.runtime.faces.answer_form import Formed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.apps.service.language import Language
    from dualtrack.runtime.guards.base import Piece
    from dualtrack.runtime.passages.corpus import Passage

__all__ = ["GroundedForm"]

_RETRIEVED = re.compile(r"\[([a-z0-9-]{1,64})\] (.*)", re.DOTALL)


class GroundedForm:
    """The form of one turn; `passages` are those in force, by id."""

    name = "grounding"

    def __init__(self, passages: Mapping[str, Passage], language: Language) -> None:
        self._passages, self._language = passages, language
        self._sources: tuple[Passage, ...] = ()
        self._question = ""

    def ask(self, pieces: Sequence[Piece]) -> list[dict[str, str]] | None:
        """Return the messages with the retrieved passages as numbered sources; None where nothing was retrieved."""
        self._question = next((piece.text for piece in reversed(pieces) if piece.role == "user"), "")
        self._sources = tuple(filter(None, (self._source(piece) for piece in pieces if piece.role == "retrieved")))
        if not self._sources or not self._question.strip():
            return None
        return make_prompt(self._question, self._sources, self._language)

    def read(self, text: str) -> Formed:
        """Return the sentences that stand in what they cite, each with its passage; nothing where too few do."""
        found = ground(text, self._sources, self._language, question=self._question)
        if found is None:
            absent = absent_answer(self._language)[:-1]
            return Formed(None, 1.0, "absent" if text.strip().startswith(absent) else "unsupported")
        return Formed(found.text, len(found.dropped) / (len(found.dropped) + len(found.shown)), None)

    def _source(self, piece: Piece) -> Passage | None:
        """Return a passage with its words as the guards left them: what they took out, no answer may rest on."""
        match = _RETRIEVED.fullmatch(piece.text)
        passage = self._passages.get(match[1]) if match else None
        if match is None or passage is None or not match[2].strip():
            return None
        text = (
            Text(en=match[2], zh=passage.text.zh) if self._language == "en" else Text(en=passage.text.en, zh=match[2])
        )
        return replace(passage, text=text)

"""Generated answers of a chat: from numbered sources, each sentence held against what it cites; what does not hold is not shown.

Opt-in: a model is asked only where the released policy names one before its passages. Whatever it writes, the customer gets
checked sentences with their sources, or the approved passage as it stands. A passage that reads like an order to a machine is put to no model,
and of none does a model read what no customer would see: comments, marks, words behind a false fence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.apps.service.citing import Shown, marked
from dualtrack.apps.service.grounding.added import added_words
from dualtrack.apps.service.grounding.asked import lacks_what_was_asked
from dualtrack.apps.service.grounding.prompt import absent_answer, make_prompt, source_text
from dualtrack.apps.service.grounding.verdict import KEPT_LEAST, ground
from dualtrack.apps.service.instructions import instruction_in
from dualtrack.domain.records import Text
from dualtrack.runtime.faces.answer_form import Formed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.apps.service.grounding.verdict import Grounded
    from dualtrack.apps.service.language import Language
    from dualtrack.runtime.guards.base import Piece
    from dualtrack.runtime.passages.corpus import Passage

__all__ = ["GroundedForm"]

_UNSEEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(\w+)[^<>]*(?:display:\s*none|visibility:\s*hidden|font-size:\s*0|hidden)[^<>]*>.*?(?:</\1>|\Z)|</?[a-zA-Z][^<>]*>"
    r"|^\s*(?:={3,}|<\|).*\Z|^\s*(?:system|assistant|developer|user|系統|助理|開發者)\s*[:：].*\Z",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
"""Comments, hidden and other marks; a line that looks like the end of a source or another role, with all behind it."""

_RETRIEVED = re.compile(r"\[([a-z0-9-]{1,64})\] (.*)", re.DOTALL)


class GroundedForm:
    """The form of one turn; `passages` are those in force, by id. `shown` are the sentences of its answer with what each cites."""

    name = "grounding"
    shown: tuple[Shown, ...] = ()

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
        return self._without_added(found)

    def _without_added(self, found: Grounded) -> Formed:
        """Return the sentences that add nothing to what they cite; nothing where too few do, or the rest lacks what was asked."""
        texts = [source_text(each, self._language) for each in self._sources]
        kept, fallen = [], [each.sentence.text for each in found.dropped]
        for each in found.shown:
            sentence = each.sentence
            if added_words(sentence.text, "\n".join(texts[number - 1] for number in sentence.cited), self._language):
                fallen.append(sentence.text)
            else:
                kept.append(sentence)
        said = [each.text for each in kept]
        whole = len(kept) + len(fallen)
        if not kept or len(kept) < KEPT_LEAST * whole or lacks_what_was_asked(self._question, said, fallen):
            return Formed(None, 1.0, "unsupported")
        self.shown = tuple(Shown(each.text, tuple(self._sources[at - 1].id for at in each.cited)) for each in kept)
        return Formed(marked(self.shown), len(fallen) / whole, None)

    def _source(self, piece: Piece) -> Passage | None:
        """Return a passage with its words as the guards left them, without what nobody sees; None where it reads like an order to a machine."""
        match = _RETRIEVED.fullmatch(piece.text)
        passage = self._passages.get(match[1]) if match else None
        words = _UNSEEN.sub(" ", match[2]).strip() if match else ""
        if passage is None or not words or instruction_in(words):
            return None
        text = Text(en=words, zh=passage.text.zh) if self._language == "en" else Text(en=passage.text.en, zh=words)
        return replace(passage, text=text)

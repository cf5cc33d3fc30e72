"""What of a generated answer may be shown: the sentences that stand in the sources they cite, or nothing, and then the caller quotes instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.service.grounding.asked import lacks_what_was_asked
from dualtrack.apps.service.grounding.checks import check_sentence
from dualtrack.apps.service.grounding.prompt import absent_answer, has_fence, source_text
from dualtrack.apps.service.grounding.sentences import read_answer
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.grounding.checks import Checked
    from dualtrack.apps.service.language import Language
    from dualtrack.runtime.passages.corpus import Passage

__all__ = ["KEPT_LEAST", "Grounded", "ground"]

KEPT_LEAST = 0.5
"""Share of an answer's sentences that must pass: a model that errs in most of them is not to be trusted with the rest."""


class Grounded(NamedTuple):
    """An answer of checked sentences. `text` carries after each the ids of its passages, `[fees-2026]`; `citations` are those ids in order."""

    text: str
    citations: tuple[str, ...]
    shown: tuple[Checked, ...]
    dropped: tuple[Checked, ...]


def ground(answer: str, passages: Sequence[Passage], language: Language, *, question: str = "") -> Grounded | None:
    """Return the sentences of an answer that stand in the passages they cite (the first is [1]), or None where too little of it does.

    None means: quote an approved passage instead. It is returned for an answer beyond the bounds, one that repeats its prompt or says that the
    sources have no answer, one of which more than half fell, and one whose rest lacks what the question asks for.
    """
    try:
        sentences = [] if has_fence(answer) else read_answer(answer)
    except FieldError:
        return None
    absent = absent_answer(language)
    if not sentences or any(each.text.startswith(absent[:-1]) for each in sentences):
        return None
    sources = [source_text(each, language) for each in passages]
    checked = [check_sentence(each, sources, language) for each in sentences]
    shown = tuple(each for each in checked if each.passed)
    dropped = tuple(each for each in checked if not each.passed)
    if not shown or len(shown) < KEPT_LEAST * len(checked):
        return None
    if lacks_what_was_asked(question, [each.sentence.text for each in shown], [each.sentence.text for each in dropped]):
        return None
    cited = [tuple(passages[number - 1].id for number in each.sentence.cited) for each in shown]
    said = [
        each.sentence.text + " " + "".join(f"[{name}]" for name in names)
        for each, names in zip(shown, cited, strict=True)
    ]
    return Grounded(" ".join(said), tuple(dict.fromkeys(name for names in cited for name in names)), shown, dropped)

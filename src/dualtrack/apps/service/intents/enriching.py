"""More to learn from: what approved passages say of the intents that they answer.

An operator has passages with titles, other words for them and other ways of asking, in both languages; an intent names the passages
that answer it. Where a passage answers one intent only, these texts are of that intent. They are learned from and never held out, for
nobody has sent them: threshold and accuracy come from messages alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.service.intents.examples import Example
from dualtrack.apps.service.intents.features import plain_form
from dualtrack.apps.service.language import detect
from dualtrack.errors import FieldError
from dualtrack.runtime.passages.corpus import asked_of, of_language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.apps.service.intents.examples import ExampleSet
    from dualtrack.runtime.passages.corpus import Corpus, Language, Passage

__all__ = ["from_passages"]

_LANGUAGES: tuple[Language, ...] = ("en", "zh-Hant")


def from_passages(given: ExampleSet, corpus: Corpus) -> tuple[Example, ...]:
    """Return the titles of intents, and titles, keys and questions of passages that answer one of them only.

    Left out is a text that stands among the examples already, or that would belong to two intents. Raises FieldError for a passage that
    is not in the corpus.
    """
    taken = {plain_form(each.text) for each in given.examples}
    of: dict[str, tuple[str, str]] = {}
    ambiguous: set[str] = set()
    for intent, text in _texts(given, corpus):
        plain = plain_form(text)
        if plain and plain not in taken and of.setdefault(plain, (intent, text))[0] != intent:
            ambiguous.add(plain)
    return tuple(_example(intent, text) for plain, (intent, text) in of.items() if plain not in ambiguous)


def _texts(given: ExampleSet, corpus: Corpus) -> Iterator[tuple[str, str]]:
    known = {passage.id: passage for passage in corpus.passages}
    answered: dict[str, list[str]] = {}
    for intent in given.titles:
        yield from ((intent.id, of_language(intent.title, language)) for language in _LANGUAGES)
        for passage in intent.passages:
            if passage not in known:
                raise FieldError(
                    f"the passage {passage!r}", where=f"intent {intent.id!r}", expected=f"a passage of {corpus.use}"
                )
            answered.setdefault(passage, []).append(intent.id)
    for passage, intents in answered.items():
        if len(intents) == 1:
            yield from ((intents[0], text) for text in _said_of(known[passage]))


def _said_of(passage: Passage) -> Iterator[str]:
    for language in _LANGUAGES:
        yield f"{of_language(passage.title, language)} {of_language(passage.keys, language)}"
        yield from asked_of(passage, language)


def _example(intent: str, text: str) -> Example:
    found = detect(text)
    return Example(text=text, intent=intent, register=found.register, language=found.language)

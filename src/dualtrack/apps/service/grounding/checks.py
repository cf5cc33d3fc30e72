"""The check of one sentence against the sources it cites: why it may not be shown, by kind, with the words that are at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from dualtrack.apps.service.grounding.alignment import apart
from dualtrack.apps.service.grounding.coverage import uncovered
from dualtrack.apps.service.grounding.facts import wrong_facts
from dualtrack.apps.service.grounding.findings import Finding, strongest
from dualtrack.apps.service.grounding.names import missing_names
from dualtrack.apps.service.grounding.polarity import opposed
from dualtrack.apps.service.grounding.reading import quoted, read_part, read_source
from dualtrack.apps.service.grounding.weighing import fails_alone, weighed
from dualtrack.apps.service.language import detect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.grounding.reading import Part, Source
    from dualtrack.apps.service.grounding.sentences import Sentence
    from dualtrack.apps.service.language import Language

__all__ = ["CITED_MAX", "SENTENCE_CHARACTERS_MAX", "Checked", "Failure", "FailureKind", "check_sentence", "findings_of"]

FailureKind = Literal[
    "no citation",
    "unknown source",
    "language",
    "number",
    "date",
    "name",
    "subject",
    "polarity",
    "instruction",
    "coverage",
]


CITED_MAX = 3
"""Sources of one sentence: a sentence that cites everything points to nothing, and more text holds any word."""


SENTENCE_CHARACTERS_MAX = 600
"""Characters of one sentence: a longer one is none, and its words could be anything's."""


class Failure(NamedTuple):
    """Why a sentence may not be shown, and its words at fault as the check reads them."""

    kind: FailureKind
    shown: str


class Checked(NamedTuple):
    """A sentence and what was found; it passed where nothing was."""

    sentence: Sentence
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        """Whether the sentence may be shown."""
        return not self.failures


def check_sentence(sentence: Sentence, sources: Sequence[str], language: Language) -> Checked:
    """Hold a sentence against those of the numbered sources (the first is 1) that it cites, all in one language.

    A sentence of several sources is held against all of them together.
    """
    if early := _before_reading(sentence, len(sources), language):
        return Checked(sentence, early)
    source = read_source("\n".join(sources[number - 1] for number in sentence.cited))
    if quoted(sentence.text) in source.quotes:
        return Checked(sentence, ())
    part = read_part(sentence.text)
    found = _facts_of(part, source)
    if not fails_alone(found):
        found = findings_of(part, source, found)
    return Checked(
        sentence, tuple(Failure(cast("FailureKind", kind), shown) for kind, shown in weighed(found, language))
    )


def findings_of(part: Part, source: Source, facts: list[Finding] | None = None) -> list[Finding]:
    """Return all that speaks against a sentence, of each name the strongest; `facts` are those of its names and figures, where they are known already."""
    found = _facts_of(part, source) if facts is None else facts
    return strongest([*found, *opposed(part, source), *apart(part, source), *uncovered(part, source)])


def _facts_of(part: Part, source: Source) -> list[Finding]:
    names = missing_names(part.names, source.names, source.terms, source.folded)
    return [*(Finding("name absent", 1.0, "name", name) for name in names), *wrong_facts(part, source)]


def _before_reading(sentence: Sentence, sources: int, language: Language) -> tuple[Failure, ...]:
    """Return what is wrong with a sentence whatever its sources say."""
    cited = sentence.cited
    if not cited:
        return (Failure("no citation", sentence.text),)
    if len(cited) > CITED_MAX:
        return (Failure("no citation", " ".join(f"[{number}]" for number in cited)),)
    if unknown := tuple(Failure("unknown source", f"[{number}]") for number in cited if not 0 < number <= sources):
        return unknown
    if len(sentence.text) > SENTENCE_CHARACTERS_MAX:
        return (Failure("coverage", f"{len(sentence.text)} characters"),)
    if detect(sentence.text, otherwise=language).language != language:
        return (Failure("language", sentence.text),)
    return ()

"""The publish rule: a sentence with a claim that nothing supports cannot be published. Everything here is decided without a model.

A sentence is supported by quotes that stand word for word in a loaded document and by figures of answers that the desk kept, which are
computed again and whose cells are read again; it says nothing that these do not say (`holding`). What is supported by nothing is a view,
said to be one and free of figures; there is no third kind. A title claims nothing, or what one sentence's support bears out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.research.calculate import replays
from dualtrack.apps.research.notes.figure_words import read_figure
from dualtrack.apps.research.notes.findings import Finding, Kind, finding
from dualtrack.apps.research.notes.holding import Backing, held_against
from dualtrack.apps.research.notes.naming import chinese_names, issuer_words, same_issuer
from dualtrack.apps.research.notes.note import QuoteSupport
from dualtrack.apps.research.notes.overlap import copied_characters
from dualtrack.apps.research.notes.quotes import long_enough, read_quote
from dualtrack.apps.research.notes.wording import amounts_in, read_sentence, title_words
from dualtrack.domain.records import Record
from dualtrack.runtime.guards.figures import figures
from dualtrack.runtime.passages.analysis import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dualtrack.apps.research.notes.figure_words import FigureRead, KeptFigure
    from dualtrack.apps.research.notes.note import FigureSupport, Note, Support
    from dualtrack.apps.research.notes.quotes import QuoteRead

__all__ = ["Finding", "Kind", "Source", "check_note"]


class Source(Record, frozen=True):
    """A loaded document as the check sees it: the text of its pages by number, whose it is, and how many characters a note may quote of it."""

    name: str
    licence: str
    pages: dict[int, str]
    quote_characters: int | None = None
    issuer: str = ""


def check_note(
    note: Note, sources: Mapping[str, Source], answers: Mapping[str, KeptFigure] | None = None
) -> list[Finding]:
    """Return what keeps a note from being published; empty where every claim is supported.

    `sources` are by SHA-256, `answers` the figures of kept answers by id: a figure of no kept answer supports nothing.
    """
    check = _Check(sources, answers or {})
    found = list(check.title(note)) + list(check.issuers(note))
    for number, sentence in enumerate(note.sentences, 1):
        if sentence.supports:
            problems = check.supported(sentence.text, sentence.supports)
        else:
            problems = list(_unsupported(sentence.text, view=sentence.view))
        found += [finding(number, kind, shown) for kind, shown in problems]
    return found + list(_overlap(note, sources))


def _unsupported(text: str, *, view: bool) -> Iterator[tuple[Kind, str]]:
    if not view:
        yield "unsupported", text
    elif figures(text) or amounts_in(text):
        yield "view with a figure", text


class _Check:
    """The check of one note against what is loaded and kept."""

    def __init__(self, sources: Mapping[str, Source], answers: Mapping[str, KeptFigure]) -> None:
        self._sources, self._answers = sources, answers

    def supported(self, text: str, supports: Sequence[Support]) -> list[tuple[Kind, str]]:
        """Return what of a sentence its supports do not bear out, or what is wrong with these."""
        problems: list[tuple[Kind, str]] = []
        quotes: list[tuple[str, QuoteRead]] = []
        read: list[FigureRead] = []
        for support in supports:
            if isinstance(support, QuoteSupport):
                wrong, quote = self._quote(support)
                if quote is not None:
                    quotes.append((support.text, quote))
                problems += [(wrong, support.text)] if wrong else []
            else:
                broken = self._figure_problem(support)
                figure = None if broken else read_figure(self._answers[support.answer].answered)
                if figure is not None:
                    read.append(figure)
                else:
                    problems.append((broken or "not comparable", support.figure.expression))
        if problems:
            return problems
        return list(held_against(text, Backing(quotes, read, self._names(supports))))

    def title(self, note: Note) -> Iterator[Finding]:
        """Check that a title is made of names, subjects and periods, or says what one sentence's supports bear out."""
        if _claims_nothing(note):
            return
        supported = (each.supports for each in note.sentences if each.supports)
        if not any(self.supported(note.title, supports) == [] for supports in supported):
            yield finding(0, "title", note.title)

    def issuers(self, note: Note) -> Iterator[Finding]:
        """Check that a note names its issuers, and each issuer whose document or figure it uses."""
        if not any(each.strip() for each in note.issuers):
            yield finding(0, "no issuer", note.title)
        used = {issuer for each in note.sentences for support in each.supports if (issuer := self._issuer(support))}
        for issuer in sorted(used):
            if note.issuers and not any(same_issuer(issuer, named) for named in note.issuers):
                yield finding(0, "issuer left out", issuer)

    def _issuer(self, support: Support) -> str:
        if isinstance(support, QuoteSupport):
            source = self._sources.get(support.document)
            return source.issuer if source else ""
        kept = self._answers.get(support.answer)
        return kept.issuer if kept else ""

    def _names(self, supports: Sequence[Support]) -> frozenset[str]:
        return frozenset(word for each in supports for word in issuer_words(self._issuer(each)))

    def _quote(self, support: QuoteSupport) -> tuple[Kind | None, QuoteRead | None]:
        source = self._sources.get(support.document)
        if source is None:
            return "no such document", None
        page = source.pages.get(support.page)
        if page is None:
            return "no such page", None
        if not long_enough(support.text):
            return "short quotation", None
        quote = read_quote(page, support.text)
        return (None if quote else "not a quotation"), quote

    def _figure_problem(self, support: FigureSupport) -> Kind | None:
        if not replays(support.figure.trace):
            return "does not replay"
        kept = self._answers.get(support.answer)
        if kept is None or kept.answered.trace != support.figure.trace:
            return "no such answer"
        return "cell changed" if kept.moved else None


def _claims_nothing(note: Note) -> bool:
    """Say whether a title is made of issuers' names, lines of statements, years and words such as `annual results` alone."""
    said = read_sentence(note.title)
    known = title_words() | frozenset(word for issuer in note.issuers for word in issuer_words(issuer))
    names = [name for issuer in note.issuers for name in (issuer, *chinese_names(issuer))]
    left = plain_text(note.title)
    for word in (*sorted(map(plain_text, names), key=len, reverse=True), *sorted(title_words(), key=len, reverse=True)):
        left = left if word.isascii() else left.replace(word, " ")
    odd = [word for word in read_sentence(left).texts("word") if word not in known]
    marked = said.marks("up", "down", "denied", "hedged", "loss")
    return not (odd or marked or said.texts("number") or amounts_in(note.title))


def _overlap(note: Note, sources: Mapping[str, Source]) -> Iterator[Finding]:
    """Count the characters of each document that the note gives word for word, against what its licence lets."""
    quoted: dict[str, list[tuple[int, str]]] = {}
    for sentence in note.sentences:
        for support in sentence.supports:
            if isinstance(support, QuoteSupport):
                quoted.setdefault(support.document, []).append((support.page, support.text))
    for document, quotes in quoted.items():
        source = sources.get(document)
        if source is None or source.quote_characters is None:
            continue
        texts = (note.title, *(sentence.text for sentence in note.sentences))
        characters = copied_characters(texts, quotes, source.pages)
        if characters > source.quote_characters:
            yield finding(0, "too much quoted", f"{source.name}: {characters} / {source.quote_characters}")

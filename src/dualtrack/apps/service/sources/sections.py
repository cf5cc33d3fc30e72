"""What every reader of a document gives: sections under headings, and the words that nobody sees in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.refusals import refused

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CHARACTERS_MAX",
    "FILE_BYTES_MAX",
    "Line",
    "Section",
    "Source",
    "gather",
    "one_line",
    "split_languages",
]

FILE_BYTES_MAX = 16_000_000
"""Bytes of one document: a form of the console takes no more, and words alone have far fewer."""

CHARACTERS_MAX = 2_000_000
"""Characters of one document: 2,000 passages at a thousand each."""

_CHINESE = re.compile(r"\s*(?:繁體)?中文(?:版|版本)?\s*")
_ENGLISH = re.compile(r"\s*english(?: version)?\s*", re.IGNORECASE)
_SPACES = re.compile(r"\s+")


class Line(NamedTuple):
    """One paragraph, row or item as a reader found it: a heading with its level (1 the highest), or text with level 0."""

    text: str
    level: int = 0


class Section(NamedTuple):
    """A heading and the lines under it, up to the next heading. `heading` is empty for what stands before the first one."""

    heading: str
    level: int
    lines: tuple[str, ...]
    where: str

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


class Source(NamedTuple):
    """A document as read: its sections in their order, and what it holds that nobody sees on the page, which is not taken."""

    name: str
    sections: tuple[Section, ...]
    hidden: tuple[str, ...] = ()


def one_line(text: str) -> str:
    """Return a text with single spaces."""
    return _SPACES.sub(" ", text).strip()


def gather(name: str, lines: Iterable[Line], hidden: Iterable[str] = ()) -> Source:
    """Put lines under their headings; raises DocumentError for a document with no word or with too many."""
    sections: list[Section] = []
    heading, level, under = "", 0, list[str]()
    count = 0

    def close() -> None:
        if heading or under:
            where = f"{name}, section {heading[:60]!r}" if heading else f"{name}, before the first heading"
            sections.append(Section(heading, level, tuple(under), where))

    for line in lines:
        count += len(line.text)
        if count > CHARACTERS_MAX:
            raise refused(
                f"more than {CHARACTERS_MAX:,} characters", name, fix="split it into its parts", code="too-much"
            )
        if line.level:
            close()
            heading, level, under = line.text, line.level, []
        elif line.text:
            under.append(line.text)
    close()
    if not any(section.lines for section in sections):
        raise refused("no text in it", name, fix="save the document with its text, not as a picture", code="no-text")
    return Source(name, tuple(sections), tuple(hidden))


def split_languages(source: Source) -> tuple[list[Section], list[Section]]:
    """Return the English sections and the Chinese ones: those after the heading 中文. Headings that only hold others are left out.

    Raises DocumentError for a heading with nothing under it.
    """
    english: list[Section] = []
    chinese: list[Section] = []
    into = english
    for number, section in enumerate(source.sections):
        if _CHINESE.fullmatch(section.heading):
            into = chinese
        elif _ENGLISH.fullmatch(section.heading):
            into = english
        elif not section.lines:
            if not _holds_others(source.sections, number):
                raise refused(
                    "a heading with nothing under it",
                    section.where,
                    fix="write its text, or delete the heading",
                    code="empty-section",
                )
            continue
        else:
            into.append(section)
            continue
        if section.lines:
            into.append(section._replace(heading="", where=f"{source.name}, under {section.heading!r}"))
    return english, chinese


def _holds_others(sections: tuple[Section, ...], number: int) -> bool:
    """Tell whether the next heading is of a lower rank, so that this one is the name of a chapter."""
    return number + 1 < len(sections) and sections[number + 1].level > sections[number].level

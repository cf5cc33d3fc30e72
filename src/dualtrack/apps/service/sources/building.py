"""Passages of a document: each English section with the Chinese one that says the same, and what is said of the document."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.refusals import refused
from dualtrack.apps.service.sources.about import SectionAbout
from dualtrack.apps.service.sources.sections import split_languages
from dualtrack.domain.records import Text, read_record, to_plain
from dualtrack.errors import FieldError
from dualtrack.runtime.passages.corpus import Passage

if TYPE_CHECKING:
    from dualtrack.apps.service.sources.about import About
    from dualtrack.apps.service.sources.sections import Section, Source

__all__ = ["ID_LENGTH_MAX", "Pair", "build_passages", "make_id", "pair_sections"]

ID_LENGTH_MAX = 64
"""Letters of an id (`domain.forms.Slug`)."""

_NOT_SLUG = re.compile("[^a-z0-9]+")
_NO_TEXT = Text(en="", zh="")


class Pair(NamedTuple):
    """One thing said in both languages."""

    english: Section
    chinese: Section


def pair_sections(english: Source, chinese: Source | None) -> list[Pair]:
    """Return the sections of both languages side by side, in their order.

    One document has the Chinese sections under the heading 中文; of two, one is in each language. Raises DocumentError where the
    numbers of sections differ: naming both, and the first that stands alone.
    """
    if chinese is None:
        first, second = split_languages(english)
        place, fix = english.name, "write the Chinese sections in the same order under a heading 中文"
    else:
        first, second = _of_one(english), _of_one(chinese)
        place, fix = f"{english.name} and {chinese.name}", "give both the same sections in the same order"
    if len(first) != len(second):
        longer = first if len(first) > len(second) else second
        alone = longer[min(len(first), len(second))]
        raise refused(
            f"{len(first)} sections in English and {len(second)} in Chinese; {alone.heading[:60] or 'one without heading'!r} has no partner",
            place,
            expected="one in Chinese for each in English",
            fix=fix,
            code="languages",
        )
    return [Pair(*pair) for pair in zip(first, second, strict=True)]


def _of_one(source: Source) -> list[Section]:
    """Return the sections of a document in one language."""
    first, second = split_languages(source)
    if first and second:
        raise refused(
            "both languages in one of two files",
            source.name,
            fix="keep one language in each, or both in one",
            code="languages",
        )
    return first or second


def build_passages(pairs: list[Pair], about: About, stem: str, *, about_name: str) -> list[Passage]:
    """Return a passage for each pair; raises FieldError naming document, section and field."""
    found = []
    unused = set(about.passages)
    for pair in pairs:
        usual = make_id(stem, pair.english.heading)
        own = about.passages.get(usual, SectionAbout())
        unused.discard(usual)
        found.append(_passage(pair, about, own, usual))
    if unused:
        raise FieldError(
            f"no section {min(unused)!r:.80}",
            where=f"{about_name}, field passages",
            expected=", ".join(make_id(stem, pair.english.heading) for pair in pairs)[:400],
            fix="name a section by the id that its heading gives it",
        )
    return found


def make_id(stem: str, heading: str) -> str:
    """Return an id of a file's name and a heading: small letters and digits with hyphens between."""
    plain = unicodedata.normalize("NFKD", f"{stem} {heading}").casefold()
    return _NOT_SLUG.sub("-", plain).strip("-")[:ID_LENGTH_MAX].strip("-")


def _passage(pair: Pair, about: About, own: SectionAbout, usual: str) -> Passage:
    title = own.title or _title(pair, about)
    plain = {
        "id": own.id or usual,
        "topic": own.topic or about.topic,
        "owner": about.owner,
        "version": about.version,
        "valid_from": own.valid_from or about.valid_from,
        "title": to_plain(title),
        "text": {"en": pair.english.text, "zh-Hant": pair.chinese.text},
        "keys": to_plain(own.keys or _NO_TEXT),
        "provenance": about.provenance or pair.english.where,
        "high_risk": about.high_risk,
    }
    ends = own.valid_to or about.valid_to
    plain |= {name: value for name, value in (("valid_to", ends), ("supersedes", own.supersedes)) if value}
    return read_record(plain, Passage, where=pair.english.where)


def _title(pair: Pair, about: About) -> Text:
    if pair.english.heading and pair.chinese.heading:
        return Text(en=pair.english.heading, zh=pair.chinese.heading)
    if about.title is not None and not pair.english.heading and not pair.chinese.heading:
        return about.title
    lacking = pair.english if not pair.english.heading else pair.chinese
    raise FieldError(
        "text without a heading",
        where=lacking.where,
        expected="a heading, or a title of the document",
        fix="write a heading above it, or `title: {en: …, zh-Hant: …}` beside the document",
    )

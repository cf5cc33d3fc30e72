"""How well a header names a field: by the names in `data/columns.yaml`, alone or in part, and why."""

from __future__ import annotations

import difflib
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.intake.lexicon import FieldSpec, columns, fold
from dualtrack.present.text import fill

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["both", "header_score", "is_aside", "known_header", "listed_header"]

_EXACT, _PART, _CHILD, _CONFLICT = 1.0, 0.97, 0.85, 0.65
"""The whole header is a name; one language of a bilingual header is; the lower of two header rows is; the upper of the
two speaks of another field. Only the order and the distance to the threshold matter."""

_SIMILAR_RATIO, _SIMILAR_RATIO_SHORT, _SHORT_CHARS = 0.88, 0.8, 6
"""Letters in common from which a header counts as a misspelling; up to six letters one exchange weighs more: `onwer`
against `owner` has 0.8, while `validation date` and `validation status`, two things, have 0.81."""

_SIMILAR_CHARS_MIN = 5
"""Shorter words resemble too many others."""

_SIMILAR = 0.6
"""A misspelling alone is asked about: it lies below the threshold."""

_SIDE_CHARS_MIN = 3
"""`AI模型名稱` is one name, not an English and a Chinese one; `Owner 負責人` is two."""

_CACHED_MAX = 4_096
"""Scores kept: 21 fields x some 200 texts of a header's neighbourhood; what is untrusted does not fill memory."""

_PARTS = re.compile(r"[\n/|()（）【】\[\]:：]+")
_LATIN = re.compile(r"[\x21-\x7e]+(?:\s+[\x21-\x7e]+)*")


@lru_cache(maxsize=_CACHED_MAX)
def known_header(text: str) -> bool:
    """Say whether a text is by itself a header that we know: what tells a header row from data."""
    return is_aside(text) or any(header_score(field, (text,))[0] >= columns().threshold for field in columns().fields)


@lru_cache(maxsize=_CACHED_MAX)
def listed_header(text: str) -> bool:
    """Say whether a text, or one of its parts, is exactly a listed name: a quick look, for the thousands of data rows."""
    return is_aside(text) or any(fold(part) in _listed() for part in (text, *_parts(text)))


def header_score(field: str, headers: Sequence[str]) -> tuple[float, Text]:
    """Return how well header texts (one or two rows, from the top) name a field, and why."""
    whole = " ".join(headers)
    best = _cached(field, whole)
    for part in _parts(whole):
        score, reason = _cached(field, part)
        best = max(best, (score * _PART, reason), key=_first)
    if len(headers) == 1 or best[0] == _EXACT:
        return best
    group = " ".join(headers[:-1])
    if best[0] <= _cached(field, group)[0]:
        best = (
            0.0,
            columns().reasons["unknown"],
        )  # the upper heading alone says as much: this column is one of several
    score, reason = max(best, _from_child(headers, field), key=_first)
    if score and _speaks_of_another(group, field):
        return score * _CONFLICT, both(reason, fill(columns().reasons["group_conflict"], group=" ".join(group.split())))
    return score, reason


def _first(pair: tuple[float, Text]) -> float:
    """Return the score of a scored reason, to compare by it alone."""
    return pair[0]


def is_aside(text: str) -> bool:
    """Say whether a header announces a number, reference or remark, for which there is no field on purpose."""
    return text.strip() == "#" or any(fold(part) in columns().aside for part in (text, *_parts(text)))


def _parts(header: str) -> list[str]:
    """Return the parts of a header that may be a name on their own: lines, brackets, the Latin and the Chinese side."""
    pieces = [piece for piece in _PARTS.split(header) if piece.strip()]
    latin = " ".join(_LATIN.findall(header))
    if len(fold(latin)) >= _SIDE_CHARS_MIN:
        pieces += [latin, _LATIN.sub(" ", header)]
    return [piece for piece in pieces if fold(piece) and fold(piece) != fold(header)]


@cache
def _listed() -> frozenset[str]:
    return frozenset(name for spec in columns().fields.values() for name in (*spec.exact, *spec.whole))


@lru_cache(maxsize=_CACHED_MAX)
def _cached(field: str, text: str) -> tuple[float, Text]:
    return _phrase_score(columns().fields[field], fold(text))


def _phrase_score(spec: FieldSpec, header: str) -> tuple[float, Text]:
    reasons = columns().reasons
    if not header:
        return 0.0, reasons["no_header"]
    if header in spec.exact or header in spec.whole:
        return _EXACT, fill(reasons["exact"], phrase=header)
    best = (0.0, reasons["unknown"])
    for listed, base, slope, reason in ((spec.exact, 0.55, 0.4, "contains"), (spec.weak, 0.3, 0.3, "weak")):
        for phrase in listed:
            if _contains(header, phrase):
                score = base + slope * len(phrase) / len(header)
                best = max(best, (score, fill(reasons[reason], phrase=phrase)), key=_first)
    if len(header) < _SIMILAR_CHARS_MIN:
        return best
    cutoff = _SIMILAR_RATIO_SHORT if len(header) <= _SHORT_CHARS else _SIMILAR_RATIO
    close = difflib.get_close_matches(header, spec.exact, n=1, cutoff=cutoff)
    if close:
        best = max(best, (_SIMILAR, fill(reasons["similar"], phrase=close[0])), key=_first)
    return best


def _contains(header: str, phrase: str) -> bool:
    if phrase.isascii():
        return f" {phrase} " in f" {header} "
    return phrase.replace(" ", "") in header.replace(" ", "")


def _from_child(headers: Sequence[str], field: str) -> tuple[float, Text]:
    """Score the lowest header alone, in whole or in one of its languages."""
    score, reason = max([_cached(field, text) for text in (headers[-1], *_parts(headers[-1]))], key=_first)
    return score * _CHILD, reason


def _speaks_of_another(group: str, field: str) -> bool:
    """Say whether an upper heading clearly names another field; `System` or `Model` names the row, and fits any field."""
    other = max(_cached(name, group)[0] for name in columns().fields if name not in (field, "name"))
    return other >= columns().threshold > _cached(field, group)[0]


def both(first: Text, second: Text) -> Text:
    """Return two reasons as one."""
    return Text(en=f"{first.en}; {second.en}", zh=f"{first.zh}；{second.zh}")

"""Cues: weighted rules over groups of phrases, read from dated data files. What the text guards are made of.

A group lists phrases, English and Chinese, as small regular expressions without open-ended repetition, so that time grows
with the length of the text only. A rule fires when each of its groups matches in one sentence (or one text) and none of
its excuses does. Scores of fired rules combine as chances do: 1000 - (1000-a)(1000-b)/1000, so weak cues add up.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from dualtrack.domain.records import Record, read_record
from dualtrack.errors import FieldError
from dualtrack.runtime.guards.base import SCORE_MAX, Finding
from dualtrack.runtime.guards.prefilter import Needs, needed_pairs, needed_words, parts_of
from dualtrack.runtime.guards.texts import TEXT_CHARACTERS_MAX, Folded, Part, fold, fold_phrase, guard_data

__all__ = ["MATCHES_MAX", "CueGroup", "CueRule", "CueSet", "combine", "cue_set"]

MATCHES_MAX = 200
"""Matches of a group in one text that are looked at; past it the text scores as found, because the rest is unread."""

_GAP_MAX = 60
"""Longest bounded repetition in a phrase: it multiplies the time per character."""

_SENTENCE_END = re.compile(r"[。;]|[.!?](?=[\s\"')\]]|$)|(?<=[\u3400-\u9fff])[!?]|\n\s{0,20}\n")
_OPEN_ENDED = re.compile(r"(?<!\\)[*+]|\{\d*,\}")
_BLANK = re.compile(r" (\?)?")
_REPEATS = re.compile(r"\{(?:\d+,)?(\d+)\}")

_Score = Annotated[int, Meta(ge=1, le=1000)]


class CueGroup(Record, frozen=True):
    """Phrases that mean one thing. In English a blank stands for one to four blanks or line ends."""

    en: list[str] = []
    zh: list[str] = []


class CueRule(Record, frozen=True):
    """Groups that must all match, groups that excuse, the score, and the reason in words.

    `only` is who must have written it: `untrusted` is text from documents and tools.
    """

    name: str
    all: list[str]
    score: _Score
    why: str
    none: list[str] = []
    stage: Literal["input", "output", "both"] = "both"
    only: Literal["anyone", "untrusted", "person"] = "anyone"
    scope: Literal["sentence", "text"] = "sentence"


class _CueFile(Record, frozen=True):
    dated: str
    source: str
    groups: dict[str, CueGroup]
    rules: list[CueRule]


class _Patterns(NamedTuple):
    en: re.Pattern[str] | None
    zh: re.Pattern[str] | None


class _Possible(NamedTuple):
    """Groups that can match a text, in English and in Chinese; a text without Chinese has none of the latter."""

    en: set[str]
    zh: set[str]


class _Text:
    """One folded text while it is judged: matches of each group and ends of sentences, found when first asked for."""

    def __init__(self, folded: Folded, patterns: dict[str, _Patterns], possible: _Possible) -> None:
        self.folded, self.patterns, self._possible = folded, patterns, possible
        self.found: dict[str, list[tuple[int, int]]] = {}
        self._ends: list[int] | None = None
        self.overflow = False

    def matches(self, group: str) -> list[tuple[int, int]]:
        """Return the places of a group, in order of each language."""
        if group not in self.found:
            en, zh = self.patterns[group]
            places: list[tuple[int, int]] = []
            for pattern, possible in zip((en, zh), self._possible, strict=True):
                if pattern is None or group not in possible:
                    continue
                for match in pattern.finditer(self.folded.text):
                    places.append(match.span())
                    if len(places) >= MATCHES_MAX:
                        self.overflow = True
                        break
            self.found[group] = places
        return self.found[group]

    def sentence(self, place: int) -> int:
        """Return the number of the sentence of a place."""
        if self._ends is None:
            self._ends = [match.end() for match in _SENTENCE_END.finditer(self.folded.text)]
        return bisect_right(self._ends, place)

    def judge(self, rule: CueRule) -> tuple[int, int] | None:
        """Return where a rule fires first, or None."""
        whole = rule.scope == "text"
        spans: dict[int, tuple[int, int]] | None = None
        for group in rule.all:
            here: dict[int, tuple[int, int]] = {}
            for start, end in self.matches(group):
                here.setdefault(0 if whole else self.sentence(start), (start, end))
            if spans is not None:
                here = {
                    key: (min(spans[key][0], place[0]), max(spans[key][1], place[1]))
                    for key, place in here.items()
                    if key in spans
                }
            if not here:
                return None
            spans = here
        assert spans is not None
        for group in rule.none:
            for start, _ in self.matches(group):
                spans.pop(0 if whole else self.sentence(start), None)
        return spans[min(spans)] if spans else None


class CueSet:
    """The rules of one data file, compiled."""

    def __init__(self, name: str) -> None:
        file = read_record(guard_data(name), _CueFile, where=f"guards/data/{name}.yaml")
        self.name, self.dated, self.source, self.rules = name, file.dated, file.source, tuple(file.rules)
        self._patterns = {key: _compile(group, f"{name}.yaml, group {key}") for key, group in file.groups.items()}
        self._en = Needs({key: needed_words(group.en) for key, group in file.groups.items() if group.en})
        phrases = {key: [fold_phrase(phrase) for phrase in group.zh] for key, group in file.groups.items()}
        self._zh = Needs({key: needed_pairs(folded) for key, folded in phrases.items() if folded})
        self._wanted = [(rule, frozenset(rule.all)) for rule in file.rules]
        used = {group for rule in self.rules for group in (*rule.all, *rule.none)}
        if used != set(file.groups):
            odd = min(used ^ set(file.groups))
            raise FieldError(f"group {odd!r}", where=f"{name}.yaml", expected="every group is there and is used")

    def find(self, part: Part, stage: str, *, untrusted: bool = False, folded: Folded | None = None) -> list[Finding]:
        """Return the rules that fire on one text, with places in the original."""
        if len(part.text) > TEXT_CHARACTERS_MAX:
            return [Finding("unread", part.piece, 0, len(part.text), SCORE_MAX, "too long to be read")]
        given = fold(part.text) if folded is None else folded
        parts = parts_of(given)
        possible = _Possible(self._en.within(parts.words), self._zh.within(parts.pairs) if given.chinese else set())
        either = possible.en | possible.zh
        text = _Text(given, self._patterns, possible)
        found: list[Finding] = []
        for rule, wanted in self._wanted:
            if not wanted <= either:
                continue
            if rule.stage not in {"both", stage} or rule.only == ("person" if untrusted else "untrusted"):
                continue
            place = text.judge(rule)
            if place is not None:
                start, end = text.folded.span(*place)
                found.append(Finding(rule.name, part.piece, start, end, rule.score, rule.why))
        if text.overflow:
            found.append(Finding("unread", part.piece, 0, len(part.text), SCORE_MAX, "too many cues to be read"))
        return found


@cache
def cue_set(name: str) -> CueSet:
    """Return the compiled cues of a data file, one object for the whole process."""
    return CueSet(name)


def combine(findings: list[Finding]) -> int:
    """Return one score for several findings; of one kind in one piece only the highest counts."""
    best: dict[tuple[str, int], int] = {}
    for item in findings:
        best[item.kind, item.piece] = max(item.score, best.get((item.kind, item.piece), 0))
    clear = SCORE_MAX
    for score in best.values():
        clear = clear * (SCORE_MAX - score) // SCORE_MAX
    return SCORE_MAX - clear


def _compile(group: CueGroup, where: str) -> _Patterns:
    for phrase in (*group.en, *group.zh):
        gap = max((int(size) for size in _REPEATS.findall(phrase)), default=0)
        if _OPEN_ENDED.search(phrase) or gap > _GAP_MAX:
            raise FieldError(
                f"the phrase {phrase[:80]!r}", where=where, expected=f"repetitions of at most {_GAP_MAX}, none open"
            )
    try:
        spaced = (_BLANK.sub(lambda blank: r"[ \n]{0,4}" if blank[1] else r"[ \n]{1,4}", phrase) for phrase in group.en)
        en = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(spaced)})(?![a-z0-9])") if group.en else None
        zh = re.compile("|".join(fold_phrase(phrase) for phrase in group.zh)) if group.zh else None
    except re.error as error:
        raise FieldError(f"a phrase that is no pattern: {error}", where=where) from error
    return _Patterns(en, zh)

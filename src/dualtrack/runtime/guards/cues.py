"""Cues: weighted rules over groups of phrases, read from dated data files. What the text guards are made of.

A group lists phrases, English and Chinese, as small regular expressions without open-ended repetition, so that time grows
with the length of the text only. A rule fires when each of its groups matches in one sentence (or one text), near each other if
it says so, and none of its excuses does. Scores of fired rules combine as chances do: 1000 - (1000-a)(1000-b)/1000.
"""

from __future__ import annotations

import re
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from dualtrack.domain.records import Record, read_record
from dualtrack.errors import FieldError
from dualtrack.runtime.guards.base import SCORE_MAX, Finding
from dualtrack.runtime.guards.matching import Cued, Group, Phrase, Rule, Wanted, group_of, phrase_of
from dualtrack.runtime.guards.prefilter import PhraseIndex, needs_of, starts_of, words_of
from dualtrack.runtime.guards.sharing import SHARED_MAX, shared
from dualtrack.runtime.guards.texts import TEXT_CHARACTERS_MAX, Folded, Part, fold, fold_phrase, guard_data

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from dualtrack.domain.policy import Stage

__all__ = [
    "CUE_FILES",
    "CueGroup",
    "CueRule",
    "CueSet",
    "Phrases",
    "chinese_pattern",
    "combine",
    "cue_set",
    "english_pattern",
    "phrases",
]

CUE_FILES = ("injection", "investment_advice", "investment_answers", "mpf_choice", "opt_out", "tipping_off")
"""Data files whose phrases stand in one index; a text is looked through once for all of them."""

_GAP_MAX = 60
"""Longest bounded repetition in a phrase: it multiplies the time per character."""

_OPEN_ENDED = re.compile(r"(?<!\\)[*+]|\{\d*,\}")
_BLANK = re.compile(r" (\?)?")
_REPEATS = re.compile(r"\{(?:\d+,)?(\d+)\}")

_ORDER = attrgetter("order")
_STAGES: tuple[Stage, ...] = ("input", "output")
_Where = tuple[str, bool]
"""Where rules apply: at a stage, and to a person's text or to one of a document or tool."""

_Score = Annotated[int, Meta(ge=1, le=1000)]
_Near = Annotated[int, Meta(ge=0, le=400)]


class CueGroup(Record, frozen=True):
    """Phrases that mean one thing. In English a blank stands for one to four blanks or line ends."""

    en: list[str] = []
    zh: list[str] = []


class CueRule(Record, frozen=True):
    """Groups that must all match, the one that stands most seldom first, groups that excuse, the score, and the reason in words.

    `only` is who must have written it: `untrusted` is text from documents and tools. `near` bounds the characters between a
    match of the first group and those of the others. Of scope `turns` the first group and the excuses are looked for in this
    text, the others in what was said before (`find_across`).
    """

    name: str
    all: list[str]
    score: _Score
    why: str
    none: list[str] = []
    stage: Literal["input", "output", "both"] = "both"
    only: Literal["anyone", "untrusted", "person"] = "anyone"
    scope: Literal["sentence", "text", "turns"] = "sentence"
    near: _Near | None = None


class _CueFile(Record, frozen=True):
    dated: str
    source: str
    groups: dict[str, CueGroup]
    rules: list[CueRule]


class Phrases:
    """The phrases of all data files, with an index for each stage that says which rules can fire on a text.

    Of each rule the first group is the anchor: its phrases are looked up, and the other groups are looked at only where it stands.
    """

    def __init__(self) -> None:
        self.files = {
            name: read_record(guard_data(name), _CueFile, where=f"guards/data/{name}.yaml") for name in CUE_FILES
        }
        self.groups: dict[tuple[str, str], int] = {}
        self.listed: dict[int, Group] = {}
        self.index: dict[str, PhraseIndex] = {stage: PhraseIndex() for stage in _STAGES}
        self.anchors: dict[str, set[int]] = {stage: set() for stage in _STAGES}
        self._numbered: list[tuple[int, Phrase]] = []
        for name, file in self.files.items():
            _refuse_unused(name, file)
            for key, group in file.groups.items():
                number = self.groups[name, key] = len(self.groups)
                for stage in _STAGES:
                    if any(rule.all[0] == key and rule.stage in {stage, "both"} for rule in file.rules):
                        self.anchors[stage].add(number)
                self._add(group, number, f"{name}.yaml, group {key}", _stages_of(file, key))

    def rules(self, name: str, *, turns: bool = False) -> dict[_Where, dict[int, list[Rule]]]:
        """Return the rules of a file by stage and author, and then by anchor: those of scope `turns`, or all others."""
        found: dict[_Where, dict[int, list[Rule]]] = {}
        for order, rule in enumerate(self.files[name].rules):
            if (rule.scope == "turns") != turns:
                continue
            numbers = tuple(self.groups[name, group] for group in rule.all)
            none = tuple(self.groups[name, group] for group in rule.none)
            wanted = Wanted(numbers, none, rule.scope == "text", rule.near)
            item = Rule(order, wanted, rule.name, rule.score, rule.why)
            for stage in _STAGES if rule.stage == "both" else (rule.stage,):
                for untrusted in (False, True):
                    if rule.only != ("person" if untrusted else "untrusted"):
                        found.setdefault((stage, untrusted), {}).setdefault(numbers[0], []).append(item)
        return found

    def _add(self, group: CueGroup, number: int, where: str, stages: list[Stage]) -> None:
        listed: list[Phrase] = []
        folded = [fold_phrase(phrase) for phrase in group.zh]
        for chinese, phrases in ((False, group.en), (True, folded)):
            for phrase in phrases:
                pattern = chinese_pattern(phrase, where) if chinese else english_pattern(phrase, where)
                anchor = any(number in self.anchors[stage] for stage in stages)
                needs = needs_of(phrase, chinese=chinese, anchor=anchor)
                for stage in stages:
                    self.index[stage].add(len(self._numbered), needs, anchor=number in self.anchors[stage])
                item = phrase_of(pattern, needs, None if chinese else starts_of(phrase))
                self._numbered.append((number, item))
                listed.append(item)
        self.listed[number] = group_of(listed)

    def text(self, given: str, stage: str) -> Cued:
        """Return a text, folded, with the rules of a stage that can fire on it; made once for all guards of a run."""
        run = shared()
        found = None if run is None else run.texts.get((stage, given))
        if found is None:
            found = self.looked_through(fold(given), stage)
            if run is not None and len(run.texts) < SHARED_MAX:
                run.texts[stage, given] = found
        return found

    def looked_through(self, folded: Folded, stage: str, *, everything: bool = False) -> Cued:
        """Return a folded text with the rules of a stage whose anchors can match it, or with every rule."""
        index, words = self.index[stage], words_of(folded.text)
        parts: AbstractSet[int] = index.parts_of(folded.text) if folded.chinese else frozenset()
        if everything:
            every: dict[int, list[Phrase]] = {group: [] for group in self.anchors[stage]}
            found = Cued(folded, words, parts, every, self.listed)
            found.everything = True
            return found
        anchors: dict[int, list[Phrase]] = {}
        for number in index.within(words, parts, chinese=folded.chinese):
            group, phrase = self._numbered[number]
            if group in anchors:
                anchors[group].append(phrase)
            else:
                anchors[group] = [phrase]
        return Cued(folded, words, parts, anchors, self.listed)


class CueSet:
    """The rules of one data file over the phrases of all."""

    def __init__(self, name: str, known: Phrases) -> None:
        file = known.files[name]
        self.name, self.dated, self.source, self.rules = name, file.dated, file.source, tuple(file.rules)
        self.known = known
        self._by_anchor = known.rules(name)
        self._across = known.rules(name, turns=True)

    def find(self, part: Part, stage: str, *, untrusted: bool = False, text: Cued | None = None) -> list[Finding]:
        """Return the rules that fire on one text, with places in the original."""
        if len(part.text) > TEXT_CHARACTERS_MAX:
            return [Finding("unread", part.piece, 0, len(part.text), SCORE_MAX, "too long to be read")]
        cued = self.known.text(part.text, stage) if text is None else text
        by_anchor = self._by_anchor.get((stage, untrusted))
        if not by_anchor or by_anchor.keys().isdisjoint(cued.anchors):
            return []
        return _judged(cued, [rule for group in cued.anchors for rule in by_anchor.get(group, ())], part)

    def find_across(self, part: Part, stage: str, before: Sequence[str]) -> list[Finding]:
        """Return the rules of scope `turns` that fire on a text after what was said before."""
        by_anchor = self._across.get((stage, False))
        if not by_anchor or not before or len(part.text) > TEXT_CHARACTERS_MAX:
            return []
        cued = self.known.text(part.text, stage)
        found: list[Finding] = []
        for rule in (rule for group in cued.anchors for rule in by_anchor.get(group, ())):
            first, *others = rule.wanted.all
            place = cued.judge(rule.wanted._replace(all=(first,)))
            if place is not None and any(
                all(told.matches(group) for group in others)
                for told in (self.known.text(text, stage) for text in before if len(text) <= TEXT_CHARACTERS_MAX)
            ):
                start, end = cued.folded.span(*place)
                found.append(Finding(rule.name, part.piece, start, end, rule.score, rule.why))
        return found

    def words(self, text: str, stage: str) -> AbstractSet[bytes] | None:
        """Return the words of a text if it was looked through at a stage in this run."""
        run = shared()
        known = None if run is None else run.texts.get((stage, text))
        return None if known is None else known.words


def _judged(cued: Cued, rules: list[Rule], part: Part) -> list[Finding]:
    found: list[Finding] = []
    unread = False
    for rule in sorted(rules, key=_ORDER):
        place = cued.judge(rule.wanted)
        unread = unread or not cued.overflowed.isdisjoint((*rule.wanted.all, *rule.wanted.none))
        if place is not None:
            start, end = cued.folded.span(*place)
            found.append(Finding(rule.name, part.piece, start, end, rule.score, rule.why))
    if unread:
        found.append(Finding("unread", part.piece, 0, len(part.text), SCORE_MAX, "too many cues to be read"))
    return found


def _stages_of(file: _CueFile, group: str) -> list[Stage]:
    """Return the stages at which a rule uses a group."""
    using = {rule.stage for rule in file.rules if group in rule.all or group in rule.none}
    return [stage for stage in _STAGES if stage in using or "both" in using]


def _refuse_unused(name: str, file: _CueFile) -> None:
    used = {group for rule in file.rules for group in (*rule.all, *rule.none)}
    if used != set(file.groups):
        odd = min(used ^ set(file.groups))
        raise FieldError(f"group {odd!r}", where=f"{name}.yaml", expected="every group is there and is used")


@cache
def phrases() -> Phrases:
    """Return the phrases of all data files, one object for the whole process."""
    return Phrases()


@cache
def cue_set(name: str) -> CueSet:
    """Return the compiled cues of a data file, one object for the whole process."""
    return CueSet(name, phrases())


def combine(findings: list[Finding]) -> int:
    """Return one score for several findings; of one kind in one piece only the highest counts."""
    if not findings:
        return 0
    best: dict[tuple[str, int], int] = {}
    for item in findings:
        best[item.kind, item.piece] = max(item.score, best.get((item.kind, item.piece), 0))
    clear = SCORE_MAX
    for score in best.values():
        clear = clear * (SCORE_MAX - score) // SCORE_MAX
    return SCORE_MAX - clear


def english_pattern(phrase: str, where: str) -> str:
    """Return a phrase in English as a pattern of whole words; raises FieldError for one that is not bounded."""
    spaced = _BLANK.sub(lambda blank: r"[ \n]{0,4}" if blank[1] else r"[ \n]{1,4}", _bounded(phrase, where))
    return rf"(?<![a-z0-9])(?:{spaced})(?![a-z0-9])"


def chinese_pattern(folded: str, where: str) -> str:
    """Return a folded phrase in Chinese as a pattern; raises FieldError for one that is not bounded."""
    return _bounded(folded, where)


def _bounded(phrase: str, where: str) -> str:
    gap = max((int(size) for size in _REPEATS.findall(phrase)), default=0)
    if _OPEN_ENDED.search(phrase) or gap > _GAP_MAX:
        raise FieldError(
            f"the phrase {phrase[:80]!r}", where=where, expected=f"repetitions of at most {_GAP_MAX}, none open"
        )
    return phrase

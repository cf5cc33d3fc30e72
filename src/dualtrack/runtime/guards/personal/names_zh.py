"""Chinese names: a surname and one or two characters, with a title after, a telling word before, or a usual given name."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.runtime.guards.personal.forms import HAN, Found
from dualtrack.runtime.guards.personal.tables import Names, names

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["find_names_zh"]

_BEFORE_WIDTH = 8
"""Characters before a name that are looked at: the longest telling word has four, a colon and spaces."""

_SEPARATORS = " :\n\"'「『(《,-"
_OPENERS = frozenset({":", "("})
_IS_HAN = re.compile(f"[{HAN}]")


_GIVEN_MAX = 2


class _Lists(NamedTuple):
    """The lists as patterns; `likely` matches the first sign of a surname where something beside it can make it a name."""

    surname: re.Pattern[str]
    likely: re.Pattern[str]
    compound: frozenset[str]
    common: frozenset[str]
    given: frozenset[str]
    titled: re.Pattern[str]
    before: re.Pattern[str]
    around_before: frozenset[str]
    ends: re.Pattern[str]
    not_names: re.Pattern[str]
    never: frozenset[str]


@cache
def _lists() -> _Lists:
    data = names()
    clean = str.maketrans("", "", " \n")
    common, compound = data.surnames.translate(clean), sorted(data.compound.split(), key=len, reverse=True)
    titles, jobs = "|".join(sorted(data.titles.split(), key=len, reverse=True)), "|".join(data.jobs.split())
    before = "|".join(sorted(data.before.split(), key=len, reverse=True))
    signs = re.escape(_SEPARATORS)
    first = f"[{common}{data.rare.translate(clean)}{''.join(word[0] for word in compound)}]"
    ends = rf"[^{HAN}]|\Z|[{data.around_after.translate(clean)}]|{titles}|{jobs}"
    return _Lists(
        re.compile("|".join([*compound, f"[{common}{data.rare.translate(clean)}]"])),
        _likely(first, data, clean),
        frozenset(compound),
        frozenset(common) | frozenset(compound),
        frozenset(data.given.translate(clean)),
        re.compile(rf"([{HAN}]{{0,{_GIVEN_MAX}}}?) ?(?:(?P<job>{jobs})|生(?={ends})|(?!生){titles})"),
        re.compile(rf"(?:{before})[{signs}]{{0,3}}(?:係|是|為|叫)?[{signs}]{{0,2}}\Z"),
        frozenset(data.around_before.translate(clean)),
        re.compile(ends),
        re.compile("|".join(sorted(data.not_names.split(), key=len, reverse=True))),
        frozenset("嘅的了是在有不我你佢他她它這那個們咗唔同和與及就都會可以想要請將被把從於為係話由使須應需"),
    )


def _likely(first: str, data: Names, clean: dict[int, int | None]) -> re.Pattern[str]:
    """Return a pattern of surnames that a title or a usual given name follows, or a telling word or mark may precede.

    Each part asks for less than the check behind it, so that nothing is lost; what it leaves out no check would take.
    """
    titles = sorted([*data.titles.split(), *data.jobs.split()], key=len, reverse=True)
    starts = "".join({word[0] for word in titles})
    titled = rf"(?=[{HAN}]{{0,{_GIVEN_MAX + 1}}}? ?(?=[{starts}])(?:{'|'.join(titles)}))"
    given = f"[{data.given.translate(clean)}]"
    usual = rf"(?=[{HAN}]?{given}{given})"
    told_by = "".join({word[-1] for word in data.before.split()} | set("係是為叫" + _SEPARATORS))
    return re.compile(rf"{first}(?:{titled}|{usual}|(?<=[{re.escape(told_by)}].))")


class _Place(NamedTuple):
    """A surname in the text, and what stands around it."""

    plain: str
    start: int
    given: int
    head: str
    told: bool
    free: bool


def find_names_zh(plain: str) -> Iterator[Found]:
    """Yield names; of two that overlap the caller keeps one."""
    lists = _lists()
    for hit in lists.likely.finditer(plain):
        start = hit.start()
        match = lists.surname.match(plain, start)
        if match is None or plain[start - 1 : start + 1] in lists.compound:
            continue
        given = match.end()
        head = plain[max(0, start - _BEFORE_WIDTH) : start]
        told = bool(head) and lists.before.search(head) is not None
        none = lists.not_names.match(plain, start) is not None
        if none and not told:
            continue
        free = not head or head[-1] in lists.around_before or not _IS_HAN.match(head[-1])
        place = _Place(plain, start, given, head, told, free)
        found = _with_title(place, lists) or (None if none else _without_title(place, lists))
        if found:
            yield found


def _with_title(place: _Place, lists: _Lists) -> Found | None:
    """Take surname, given name and title; a post instead of a title asks for a usual given name."""
    match = lists.titled.match(place.plain, place.given)
    if not match:
        return None
    given, common = match[1], place.plain[place.start : place.given] in lists.common
    end = place.given + len(given)
    usual = lists.given.issuperset(given)
    if match["job"]:
        fits = common and (place.free or place.told) if not given else usual and (len(given) > 1 or place.free)
        return Found("NAME", place.start, end, 800 if given else 600, "surname and post") if fits else None
    if not lists.never.isdisjoint(given) or not (given or common or place.told):
        return None
    hides = any(lists.surname.match(place.plain, at) for at in range(place.given, end))
    if hides and not usual and not place.told and not place.free:
        return None
    return Found("NAME", place.start, end, 900 if given else 750, "surname and title")


def _without_title(place: _Place, lists: _Lists) -> Found | None:
    plain, given = place.plain, place.given
    length = 0
    while length < _GIVEN_MAX and _may_be_given(plain, given + length, lists):
        length += 1
    if not length or plain[place.start : given] == plain[given] or not (place.told or place.free):
        return None
    usual = length == _GIVEN_MAX and lists.given.issuperset(plain[given : given + _GIVEN_MAX])
    ends = lists.ends.match(plain, given + _GIVEN_MAX) is not None
    if place.told and length == _GIVEN_MAX and (ends or usual):
        return Found("NAME", place.start, given + _GIVEN_MAX, 850, "surname and words before")
    if place.told and lists.ends.match(plain, given + 1):
        return Found("NAME", place.start, given + 1, 850, "surname and words before")
    return _usual_name(place, usual=usual, ends=ends, lists=lists) if place.free else None


def _usual_name(place: _Place, *, usual: bool, ends: bool, lists: _Lists) -> Found | None:
    """Take a name that no word announces, by its usual given name alone."""
    plain, given = place.plain, place.given
    common = plain[place.start : given] in lists.common
    if usual and (common or ends):
        score = 600 if common and ends else 520
        return Found("NAME", place.start, given + _GIVEN_MAX, score, "surname and usual given name")
    if place.head[-1:] in _OPENERS and plain[given] in lists.given and not _IS_HAN.match(plain, given + 1):
        return Found("NAME", place.start, given + 1, 510, "surname and usual given name, standing alone")
    return None


def _may_be_given(plain: str, at: int, lists: _Lists) -> bool:
    return _IS_HAN.match(plain, at) is not None and plain[at] not in lists.never

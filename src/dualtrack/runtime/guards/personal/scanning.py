"""Scan a text for personal data and take it out: all recognisers, once each, cheap where nothing can be."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.runtime.guards.personal.addresses import find_addresses
from dualtrack.runtime.guards.personal.contacts import find_mails, find_phones
from dualtrack.runtime.guards.personal.context import Context
from dualtrack.runtime.guards.personal.forms import KINDS, Found, plain_form
from dualtrack.runtime.guards.personal.identity import find_hkids, find_mainland_ids, find_travel_documents
from dualtrack.runtime.guards.personal.names_en import find_names_en
from dualtrack.runtime.guards.personal.names_zh import find_names_zh
from dualtrack.runtime.guards.personal.numbers import find_accounts, find_announced, find_cards, group_digits
from dualtrack.runtime.guards.personal.tables import check_codes, clearing_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["REPEATS_MAX", "ROUNDS_MAX", "Scanner", "Searched", "redact", "scan"]

ROUNDS_MAX = 6
"""Times a text is searched again with the findings taken out: what a finding hid at its side may then stand free."""

REPEATS_MAX = 64
"""Findings that are looked for again elsewhere in the text; each costs one search for a fixed text."""

_REPEAT_ASCII, _REPEAT_HAN = 6, 3
"""Least length of what is looked for again: shorter texts are also ordinary words and numbers."""

_DIGIT = re.compile(r"[0-9]")
_SIX_DIGITS = re.compile(r"[0-9](?:[^0-9]{0,4}[0-9]){5}")
_CARD_DIGITS, _MAINLAND_DIGITS = 13, 17
_RANK = {kind: rank for rank, kind in enumerate(KINDS)}


class Searched(NamedTuple):
    """The text with findings taken out, the findings, and whether a search of that text again would find nothing."""

    redacted: str
    found: list[Found]
    clean: bool


class Scanner:
    """The recognisers with a firm's own clearing codes beside the shipped ones; it has no state between texts."""

    def __init__(self, codes: Sequence[str] = ()) -> None:
        check_codes(list(codes), where="clearing codes")
        self._codes = frozenset(clearing_codes().codes) | frozenset(codes)

    def scan(self, text: str) -> list[Found]:
        """Return what was found, in order and without overlaps; places are those of the text as given."""
        return self.search(text).found

    def redact(self, text: str, *, ignore: frozenset[str] = frozenset(), minimum: int = 0) -> tuple[str, list[Found]]:
        """Return the text with each finding as `[KIND]`, and the findings; some kinds or low scores may be left in."""
        searched = self.search(text, ignore, minimum)
        return searched.redacted, searched.found

    def search(
        self, text: str, ignore: frozenset[str] = frozenset(), minimum: int = 0, known: frozenset[str] = frozenset()
    ) -> Searched:
        """Search, take out, and search again until nothing is found. What is `known`, word for word, is left in."""
        found: list[Found] = []
        work, breaks = text, [(0, 0)]
        for _ in range(ROUNDS_MAX):
            fresh = [
                item
                for item in self._once(work)
                if item.kind not in ignore and item.score >= minimum and work[item.start : item.end] not in known
            ]
            if not fresh:
                return Searched(work, found, clean=True)
            found = sorted([*found, *_original(fresh, breaks)], key=lambda item: item.start)
            work, breaks = _taken_out(text, found)
        return Searched(work, found, clean=False)

    def _once(self, text: str) -> list[Found]:
        plain, places = plain_form(text)
        candidates = list(self._candidates(plain))
        if "[" in plain:
            candidates = [item for item in candidates if not _touches_placeholder(plain, item)]
        kept = _without_overlaps(candidates)
        if kept:
            kept = _without_overlaps([*kept, *_repeats(plain, kept)])
        if places is None:
            return kept
        return [item._replace(start=places[item.start], end=places[item.end - 1] + 1) for item in kept]

    def _candidates(self, plain: str) -> Iterator[Found]:
        digits_in = _DIGIT.search(plain) is not None
        if digits_in and _SIX_DIGITS.search(plain):
            context = Context(plain)
            groups = group_digits(plain)
            digits = sum([end - start for start, end, _ in groups])
            yield from find_hkids(plain, context)
            yield from find_travel_documents(plain, context)
            if digits >= _MAINLAND_DIGITS:
                yield from find_mainland_ids(plain, context)
            if digits >= _CARD_DIGITS:
                yield from find_cards(plain, context, groups)
            yield from find_announced(plain, context, groups)
            yield from find_accounts(plain, context, groups, self._codes)
            yield from find_phones(plain, context, groups)
        if "@" in plain:
            yield from find_mails(plain)
        yield from find_addresses(plain, digits=digits_in)
        if not plain.isascii():
            yield from find_names_zh(plain)
        yield from find_names_en(plain)


def _without_overlaps(candidates: list[Found]) -> list[Found]:
    """Keep the first of its rank where findings overlap: by kind, then length, then score."""
    if len(candidates) < 2:  # noqa: PLR2004 - nothing to compare
        return candidates
    order = sorted(candidates, key=lambda item: (_order(item), item.start - item.end, -item.score, item.start))
    taken = bytearray(max(item.end for item in candidates))
    kept = []
    for item in order:
        if not any(taken[item.start : item.end]):
            taken[item.start : item.end] = b"\x01" * (item.end - item.start)
            kept.append(item)
    return sorted(kept, key=lambda item: item.start)


def _order(item: Found) -> int:
    """Return the rank of a finding: by kind, but what only words announce yields to what has a form."""
    return _RANK[item.kind] + (len(KINDS) if item.score < 500 else 0)  # noqa: PLR2004 - half of the scale


def _touches_placeholder(plain: str, item: Found) -> bool:
    around = plain[max(0, item.start - 1) : item.end + 1]
    return "[" in around and any(f"[{kind}]" in around for kind in KINDS)


def _repeats(plain: str, kept: list[Found]) -> Iterator[Found]:
    """Yield further places of what was found: a name with its title at first stands bare later on."""
    values: dict[str, Found] = {}
    for item in kept:
        body = plain[item.start : item.end]
        least = _REPEAT_HAN if not body.isascii() else _REPEAT_ASCII
        if len(body) >= least and len(values) < REPEATS_MAX:
            values.setdefault(body, item)
    known = {item.start for item in kept}
    for body, item in values.items():
        at = plain.find(body)
        while at >= 0:
            end = at + len(body)
            if at not in known and not (_runs_on(plain, at - 1, at) or _runs_on(plain, end - 1, end)):
                yield Found(item.kind, at, end, min(item.score, 700), "stands elsewhere in the text with a sign")
            at = plain.find(body, end)


def _runs_on(plain: str, left: int, right: int) -> bool:
    """Tell whether two neighbouring characters are of one run of ASCII letters and digits."""
    if left < 0 or right >= len(plain):
        return False
    pair = plain[left] + plain[right]
    return pair.isascii() and pair.isalnum()


def _original(fresh: list[Found], breaks: list[tuple[int, int]]) -> list[Found]:
    """Return findings of a text with placeholders at their places in the text as given."""
    starts = [work for work, _ in breaks]

    def place(at: int) -> int:
        work, original = breaks[bisect_right(starts, at) - 1]
        return original + at - work

    return [item._replace(start=place(item.start), end=place(item.end - 1) + 1) for item in fresh]


def _taken_out(text: str, found: list[Found]) -> tuple[str, list[tuple[int, int]]]:
    """Return the text with placeholders, and for each piece kept its place there and in the text as given."""
    parts, breaks, at, length = [], [(0, 0)], 0, 0
    for item in found:
        kept, placeholder = text[at : item.start], f"[{item.kind}]"
        parts += [kept, placeholder]
        length += len(kept) + len(placeholder)
        at = item.end
        breaks.append((length, at))
    return "".join([*parts, text[at:]]), breaks


_SHIPPED = Scanner()


def scan(text: str) -> list[Found]:
    """Return the personal data found in a text with the shipped lists; see `Scanner.scan`."""
    return _SHIPPED.scan(text)


def redact(text: str) -> tuple[str, list[Found]]:
    """Return the text with `[HKID]` and the like for what was found, and the findings; see `Scanner.redact`."""
    return _SHIPPED.redact(text)

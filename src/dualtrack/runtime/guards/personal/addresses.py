"""Addresses in Hong Kong, English and Chinese: pieces (unit, floor, block, building, street, district) that stand together.

A district or a street alone is no address of a person; a numbered street, or two pieces of which one is inside a building, is.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.runtime.guards.personal.context import word_pattern
from dualtrack.runtime.guards.personal.forms import HAN, Found
from dualtrack.runtime.guards.personal.tables import places

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PIECES_MAX", "find_addresses"]

PIECES_MAX = 12
"""Pieces of one address: unit, floor, block, phase, building, number, street, area, district, region, twice some."""

_GAP_EN = re.compile(r"[ ,.;\n-]{0,4}(?:(?:at|of|in|on)[ \n])?\Z")
_UNKNOWN_EN = re.compile(r"[ ,\n]{1,3}(?:[A-Z][A-Za-z']{0,18} ?){1,4}[ ,\n]{0,3}")
"""A building of no known kind between two pieces: `Block 3, Laguna City, 8 Sin Fat Road`."""

_TAIL_EN = re.compile(r",[ \n]{1,2}(?:[A-Z][a-z']{1,18} ?){1,3}(?<! )")
_GAP_ZH = re.compile(r"[ ,、\n]{0,3}\Z")
_A = r"(?<![A-Za-z0-9])"
_Z = r"(?![A-Za-z0-9])"
_WORD = r"[A-Za-z][A-Za-z']{0,18}"
_STREETS = "Road|Street|Avenue|Lane|Drive|Terrace|Path|Square|Circuit|Crescent|Rd|St|Ave|Highway|Boulevard|Street|Praya"
_BUILDINGS = (
    "Building|House|Mansions?|Courts?|Centre|Center|Towers?|Estate|Gardens?|Plaza|Villas?|Heights?|Lodge|Commercial Building|"
    "Industrial Building|Factory Building|Residences?|Apartments?|Tsuen|Chuen|Uk"
)
_NUMBER = r"(?:No\.? ?)?[0-9]{1,4}[A-Za-z]?(?: ?[-/&] ?[0-9]{1,4}[A-Za-z]?)?"
_SIDE = r"(?:[ \n](?:East|West|North|South|Central))?"
_UNIT_NAMES = "Flat|Room|Rm|Unit|Suite|Shop|House|Apartment|Apt|Workshop|Office"
_PIECE_EN = re.compile(
    rf"(?P<street>{_A}{_NUMBER},?[ \n](?:{_WORD}[ \n]){{1,4}}?(?:{_STREETS}){_Z}{_SIDE})"
    rf"|(?P<unit>{_A}(?:{_UNIT_NAMES})\.?[ \n]?(?:[A-Za-z]?[0-9]{{1,4}}[A-Za-z]?|[A-Za-z]){_Z})"
    rf"|(?P<floor>{_A}(?:[0-9]{{1,2}}|UG|LG|G|M)/F(?:loor|l)?{_Z}|{_A}[0-9]{{1,2}}(?:st|nd|rd|th)[ \n](?:Floor|Fl){_Z}|{_A}(?:Ground Floor|Floor [0-9]{{1,2}}){_Z})"
    rf"|(?P<block>{_A}(?:Block|Blk|Tower|Phase|Wing)\.? ?(?:[0-9]{{1,2}}[A-Za-z]?|[A-Z]){_Z})"
    rf"|(?P<building>{_A}(?:{_WORD}[ \n]){{1,3}}?(?:{_BUILDINGS}){_Z})"
    rf"|(?P<road>{_A}(?:{_WORD}[ \n]){{1,3}}?(?:{_STREETS}){_Z}{_SIDE})",
    re.IGNORECASE,
)
_TELLING_EN = frozenset(
    b"road street avenue lane drive terrace path square circuit crescent highway boulevard praya flat room rm unit floor block tower "
    b"shop rd st ave".split()
)
_NO_LETTER = bytes(code if chr(code).isascii() and chr(code).isalpha() else 32 for code in range(256))
_NUMERAL = "[0-9一二三四五六七八九十百廿卅]"
_ROADS_ZH = "大道中|大道西|大道東|道東|道西|道中|道南|道北|大道|新街|大街|道|街|路|里|徑|坊|巷|臺|台"
_HOUSES_ZH = "花園|大廈|中心|廣場|豪庭|大樓|商場|山莊|新村|屋苑|別墅|工業大廈|商業大廈|邨|苑|閣|軒|居|城|村|庭|樓|府|峰|灣|匯|園|台"
_PIECE_ZH = re.compile(
    rf"(?P<street>[{HAN}]{{1,7}}?(?:{_ROADS_ZH}) ?(?:第 ?)?(?:[0-9]{{1,4}}[A-Za-z]?(?: ?[-至] ?[0-9]{{1,4}}[A-Za-z]?)?|[一二三四五六七八九十百]{{1,5}}) ?號)"
    rf"|(?P<floor>(?:{_NUMERAL}{{1,4}}|[高中低]) ?(?:樓|字樓|層)|地下|地庫|閣樓)"
    rf"|(?P<unit>(?:(?:[A-Za-z]{{1,2}}-?)?[0-9]{{1,4}}[A-Za-z]?|{_NUMERAL}{{1,4}}|[A-Za-z]|[甲乙丙丁]) ?(?:號 ?)?(?:室|單位|舖|鋪|號舖)|(?:室|單位) ?[A-Za-z]?[0-9]{{1,4}}[A-Za-z]?)"
    rf"|(?P<block>(?:第 ?)?(?:[A-Za-z0-9]{{1,2}}|[一二三四五六七八九十甲乙丙丁]{{1,3}}) ?(?:座|期))"
    rf"|(?P<building>[{HAN}]{{1,6}}?(?:{_HOUSES_ZH}))"
)
_TELLING_ZH = re.compile(
    "[室樓座邨苑舖鋪層號廈園位](?:(?<=[室樓座邨苑舖鋪層])|(?<=號)(?!碼)|(?<=大廈)|(?<=花園)|(?<=單位))"
)
"""Begins with one class of signs, which is searched for quickly; the branches after it say which of them tell."""
_LEADING_ZH = re.compile(
    "(?:.*(?:[住喺在於到至寄送去係是為址我你佢的及與嘅搬由從將把,、處]|地址|居於|位於))", re.DOTALL
)
_INSIDE = frozenset({"unit", "floor", "block"})
_SMALL = frozenset(
    {
        "to",
        "at",
        "is",
        "the",
        "my",
        "in",
        "on",
        "of",
        "our",
        "and",
        "from",
        "near",
        "live",
        "lives",
        "address",
        "sent",
        "send",
        "for",
        "by",
        "moved",
        "a",
        "with",
        "this",
        "that",
        "new",
        "old",
        "your",
    }
)


class _Piece(NamedTuple):
    kind: str
    start: int
    end: int


@cache
def _districts_en() -> re.Pattern[str]:
    return re.compile(rf"{_A}(?:{word_pattern(places().en.split('|'))})", re.IGNORECASE)


@cache
def _districts_zh() -> re.Pattern[str]:
    return re.compile(word_pattern(places().zh.split()))


def find_addresses(plain: str, *, digits: bool) -> Iterator[Found]:
    """Yield addresses in both languages; `digits` tells whether the text has any, without which none is in English."""
    if digits and _tells_en(plain.lower()):
        pieces = [
            _trimmed_en(plain, _Piece(match.lastgroup or "", *match.span())) for match in _PIECE_EN.finditer(plain)
        ]
        yield from _together(plain, pieces, _GAP_EN, _districts_en())
    if not plain.isascii() and _TELLING_ZH.search(plain):
        pieces = [
            _trimmed_zh(plain, _Piece(match.lastgroup or "", *match.span())) for match in _PIECE_ZH.finditer(plain)
        ]
        yield from _together(plain, pieces, _GAP_ZH, _districts_zh())


def _tells_en(lower: str) -> bool:
    words = lower.encode("ascii", "replace").translate(_NO_LETTER).split()
    return "/f" in lower or not _TELLING_EN.isdisjoint(words)


def _trimmed_en(plain: str, piece: _Piece) -> _Piece:
    """Cut words of the sentence from the front of a building or road: its name is written large or stands alone."""
    if piece.kind not in {"building", "road"}:
        return piece
    start = piece.start
    for word in re.finditer(_WORD, plain[piece.start : piece.end]):
        if word[0].lower() not in _SMALL and (word[0][0].isupper() or plain[piece.start : piece.end].islower()):
            start = piece.start + word.start()
            break
    return piece._replace(start=start)


def _trimmed_zh(plain: str, piece: _Piece) -> _Piece:
    """Cut the sentence from the front of a street or building, and the district too: it is found by itself."""
    if piece.kind not in {"building", "street"}:
        return piece
    body = plain[piece.start : piece.end - 1]
    cut = _LEADING_ZH.match(body)
    start = piece.start + (cut.end() if cut else 0)
    return piece._replace(start=min(start, piece.end - 2))


def _together(plain: str, pieces: list[_Piece], gap: re.Pattern[str], districts: re.Pattern[str]) -> Iterator[Found]:
    """Join neighbouring pieces, add districts at both ends, and yield what is an address."""
    at = 0
    while at < len(pieces):
        last = at
        while (
            last + 1 < len(pieces)
            and last - at < PIECES_MAX
            and _joined(plain, pieces[last], pieces[last + 1], gap, districts)
        ):
            last += 1
        group = pieces[at : last + 1]
        score = _score(group)
        if score:
            start, end = _widened(
                plain, group[0].start, group[-1].end, gap, districts, inside=group[-1].kind in _INSIDE
            )
            yield Found("ADDRESS", start, end, score, " and ".join(sorted({piece.kind for piece in group})))
        at = last + 1


def _joined(plain: str, one: _Piece, other: _Piece, gap: re.Pattern[str], districts: re.Pattern[str]) -> bool:
    between = plain[one.end : other.start]
    if len(between) > 30:  # noqa: PLR2004 - a district between two pieces is shorter
        return False
    if gap.match(between):
        return True
    if gap is _GAP_EN and _UNKNOWN_EN.fullmatch(between):
        return True
    rest = districts.sub("", between, count=2)
    return rest != between and gap.match(rest.replace(", ,", ",").replace("  ", " ")) is not None


def _score(group: list[_Piece]) -> int:
    kinds = {piece.kind for piece in group}
    inside = kinds & _INSIDE
    if "street" in kinds:
        return 850 if len(kinds) > 1 else 700
    if len(inside) >= 2 or (inside and kinds & {"building", "road"}):  # noqa: PLR2004 - two pieces say where inside
        return 750
    return 0


def _widened(
    plain: str, start: int, end: int, gap: re.Pattern[str], districts: re.Pattern[str], *, inside: bool
) -> tuple[int, int]:
    """Take in districts directly before and after, at most three on each side."""
    if gap is _GAP_EN and inside:
        tail = _TAIL_EN.match(plain, end)
        end = tail.end() if tail else end
    for _ in range(3):
        after = re.compile(r"[ ,\n]{0,3}").match(plain, end)
        found = districts.match(plain, after.end() if after else end)
        if not found:
            break
        end = found.end()
    for _ in range(3):
        head = plain[max(0, start - 28) : start]
        best = next((match for match in districts.finditer(head) if gap.match(head[match.end() :])), None)
        if best is None:
            break
        start = start - len(head) + best.start()
    return start, end

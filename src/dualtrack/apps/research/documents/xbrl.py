"""Tagged reports: iXBRL in an XHTML page, or an XBRL instance, read by lxml without entities, network or unbounded size.

Inline XBRL 1.1 (XBRL International, 2013), sections 9 to 11 and 15: `ix:nonFraction` with format, scale and sign, `ix:continuation`
left to text; XBRL 2.1, sections 4.6 to 4.8: items, contexts, units. A fact about a part (a context with dimensions) keeps its value and
gets no concept, since it is not the whole's. Each fact is a row of one table (tag, context, unit, value), so that it has an address.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.refusals import refused
from dualtrack.apps.research.calculate import numeral
from dualtrack.apps.research.documents.facts import Fact
from dualtrack.apps.research.documents.labels import labels, tag_concept
from dualtrack.apps.research.documents.limits import BYTES_MAX
from dualtrack.apps.research.documents.model import Address, Cell, Column, Document, Line, Page, Table
from dualtrack.apps.research.documents.pdf import language_of
from dualtrack.apps.research.documents.periods import Period
from dualtrack.apps.research.units import NUMBER, UNSTATED, Unit
from dualtrack.errors import MissingExtraError

try:
    from lxml import etree
except ImportError as error:
    raise MissingExtraError("research", "reading tagged reports") from error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.apps.research.documents.model import About

__all__ = ["FACTS_MAX", "read_xbrl"]

FACTS_MAX = 200_000
"""Most facts: the largest tagged reports of banks have some 20,000."""

_WIDE = 64
"""Bytes within which a text of two bytes a letter shows it."""

_SCALE_MAX = 15
"""Largest power of ten that a scale may be; reports use 3, 6 and 9."""

_IX = ("http://www.xbrl.org/2013/inlineXBRL", "http://www.xbrl.org/2008/inlineXBRL")
_XBRLI = "http://www.xbrl.org/2003/instance"
_XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_DIGITS = re.compile(r"[+-]?\d+(?:\.\d*)?|[+-]?\.\d+", re.ASCII)
_SPACES = re.compile(r"[\s\u00a0\u2009\u202f]+")
_COLUMNS = ("tag", "context", "unit", "value")


class _Context(NamedTuple):
    period: Period | None
    whole: bool


class _Tagged(NamedTuple):
    """A number as tagged: its local name, context and unit by id, the text printed, the value, the power of ten that was added."""

    tag: str
    context: str
    unit: str
    printed: str
    value: Decimal | None
    scale: int


def read_xbrl(data: bytes, about: About) -> tuple[Document, tuple[Fact, ...]]:
    """Return the document and its facts; raises DocumentError for what is not well formed, declares entities or is too large."""
    root = _parse(data, about.name)
    inline = any(root.find(f".//{{{space}}}nonFraction") is not None for space in _IX)
    if not inline and root.tag != f"{{{_XBRLI}}}xbrl":
        raise refused(
            "it has no tagged facts",
            about.name,
            expected="an XBRL instance or an iXBRL page",
            fix="load the PDF of the report instead",
            code="not-xbrl",
        )
    contexts = {str(each.get("id")): _context(each) for each in root.iter(f"{{{_XBRLI}}}context")}
    units = {str(each.get("id")): _unit(each) for each in root.iter(f"{{{_XBRLI}}}unit")}
    tagged: list[_Tagged] = []
    for each in _inline(root, about.name) if inline else _items(root, about.name):
        tagged.append(each)
        if len(tagged) > FACTS_MAX:
            raise refused(f"more than {FACTS_MAX:,} facts", about.name, fix="split the report", code="too-much")
    lines = tuple(Line(text) for text in _texts(root)) if inline else ()
    page = Page(number=1, width=0.0, height=0.0, lines=lines, tables=(_table(tagged),))
    language = about.language or language_of(line.text for line in lines)
    document = Document(about=about, sha256=sha256(data).hexdigest(), kind="xbrl", language=language, pages=(page,))
    return document, tuple(_facts(about.name, tagged, contexts, units))


def _parse(data: bytes, where: str) -> etree._Element:
    """Parse without entities, DTD or network. A document type that declares anything is refused before it is read."""
    if len(data) > BYTES_MAX:
        raise refused(f"{len(data):,} bytes", where, expected=f"at most {BYTES_MAX:,}", fix="split it", code="too-much")
    plain = data.replace(b"\0", b"") if b"\0" in data[:_WIDE] else data  # UTF-16 looks the same without its zeros
    if re.search(rb"<!\s*ENTITY", plain):
        raise refused("it declares entities", where, fix="load the report as filed", code="entities")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, dtd_validation=False, huge_tree=False
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        place = f"{where}, line {line}" if line else where
        raise refused(
            f"it is not well-formed XML: {error}", place, fix="load the report as filed", code="broken"
        ) from error


def _context(node: etree._Element) -> _Context:
    """Read a context: its period, and whether it is of the whole entity (no segment or scenario)."""
    part = any(node.find(f".//{{{_XBRLI}}}{name}") is not None for name in ("segment", "scenario"))
    days = {
        name: (node.findtext(f".//{{{_XBRLI}}}{name}") or "").strip()[:10]
        for name in ("instant", "startDate", "endDate")
    }
    end = days["instant"] or days["endDate"]
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", end, re.ASCII) is None:
        return _Context(None, not part)
    months = None
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", days["startDate"], re.ASCII):
        first, last = days["startDate"], end
        months = (int(last[:4]) - int(first[:4])) * 12 + int(last[5:7]) - int(first[5:7]) + (int(first[8:]) <= 15)  # noqa: PLR2004 - the middle of a month
    return _Context(Period(year=int(end[:4]), end=end, months=months), not part)


def _unit(node: etree._Element) -> Unit:
    """Read a unit: measures over measures; ISO 4217 codes, shares and pure numbers."""
    powers: dict[str, int] = {}
    for measure in node.iter(f"{{{_XBRLI}}}measure"):
        name = (measure.text or "").strip().rpartition(":")[2]
        under = any(each.tag == f"{{{_XBRLI}}}unitDenominator" for each in measure.iterancestors())
        name = "share" if name == "shares" else name
        if name not in {"pure", ""}:
            powers[name] = powers.get(name, 0) + (-1 if under else 1)
    parts = tuple(sorted((name, power) for name, power in powers.items() if power))
    return Unit(parts=parts) if parts else NUMBER


def _inline(root: etree._Element, where: str) -> Iterator[_Tagged]:
    for space in _IX:
        for node in root.iter(f"{{{space}}}nonFraction"):
            printed = _SPACES.sub(" ", "".join(str(each) for each in node.itertext())).strip()
            tag = str(node.get("name")).rpartition(":")[2]
            scale = _power(node.get("scale"), where, tag)
            value = None if node.get(_XSI_NIL) in {"true", "1"} else _value(printed, str(node.get("format") or ""))
            if value is not None:
                value = value.scaleb(scale) * (-1 if node.get("sign") == "-" else 1)
            yield _Tagged(tag, str(node.get("contextRef")), str(node.get("unitRef")), printed, value, scale)


def _items(root: etree._Element, where: str) -> Iterator[_Tagged]:
    """Yield the numeric items of an instance; what `decimals` says of rounding is the scale."""
    for node in root:
        unit = node.get("unitRef")
        if unit is None or not isinstance(node.tag, str):
            continue
        printed = (node.text or "").strip()
        tag = node.tag.rpartition("}")[2]
        decimals = node.get("decimals")
        scale = max(0, -_power(decimals, where, tag)) if decimals not in {None, "INF"} else 0
        value = None if node.get(_XSI_NIL) in {"true", "1"} else _number(printed)
        yield _Tagged(tag, str(node.get("contextRef")), unit, printed, value, scale)


def _power(text: str | None, where: str, tag: str) -> int:
    if text is None:
        return 0
    try:
        power = int(text)
    except ValueError:
        power = _SCALE_MAX + 1
    if abs(power) > _SCALE_MAX:
        raise refused(
            f"{tag} has the scale {text!r:.20}",
            where,
            expected=f"a whole number to {_SCALE_MAX}",
            fix="load the report as filed",
            code="broken",
        )
    return power


def _value(printed: str, form: str) -> Decimal | None:
    """Return the number that a text is under its format (transformation registry); None for one that it is not."""
    name = form.rpartition(":")[2].replace("-", "").casefold()
    if name in {"zerodash", "fixedzero", "numdash", "nocontent"}:
        return Decimal(0)
    text = printed.replace(" ", "")
    if name in {"numcommadecimal", "numdotcomma", "numspacecomma"}:
        text = text.replace(".", "").replace(",", ".")
    return _number(text.replace(",", "").strip("()"))


def _number(text: str) -> Decimal | None:
    """Return a plain decimal number; digits of other scripts are refused."""
    if len(text) > 60 or _DIGITS.fullmatch(text) is None:  # noqa: PLR2004 - longer than any amount
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _texts(root: etree._Element) -> Iterator[str]:
    """Yield the visible texts of a page, a block at a time."""
    for node in root.iter(
        "{http://www.w3.org/1999/xhtml}p",
        "{http://www.w3.org/1999/xhtml}tr",
        "{http://www.w3.org/1999/xhtml}h1",
        "{http://www.w3.org/1999/xhtml}h2",
        "{http://www.w3.org/1999/xhtml}h3",
    ):
        text = _SPACES.sub(" ", " ".join(str(each) for each in node.itertext())).strip()
        if text:
            yield text


def _table(tagged: list[_Tagged]) -> Table:
    columns = tuple(Column(place, name, "label" if place == 1 else "value") for place, name in enumerate(_COLUMNS, 1))
    rows = tuple(
        tuple(
            Cell(row, column, text)
            for column, text in enumerate((each.tag, each.context, each.unit, each.printed), 1)
            if text
        )
        for row, each in enumerate(tagged, 1)
    )
    return Table(page=1, number=1, title="tagged facts", columns=columns, rows=rows)


def _facts(name: str, tagged: list[_Tagged], contexts: dict[str, _Context], units: dict[str, Unit]) -> Iterator[Fact]:
    for row, each in enumerate(tagged, 1):
        context = contexts.get(each.context)
        if each.value is None or context is None or context.period is None:
            continue
        concept = tag_concept(each.tag) if context.whole else None
        value = numeral(each.value)
        yield Fact(
            document=name,
            address=str(Address(name, 1, 1, row, len(_COLUMNS))),
            statement=labels().concepts[concept].places[0] if concept else None,
            concept=concept,
            label=each.tag,
            printed=each.printed,
            value=value,
            role_value=value,  # taxonomies tag costs as positive numbers
            unit=units.get(each.unit, UNSTATED),
            scale=each.scale,
            period=context.period,
            nil=each.value == 0,
        )

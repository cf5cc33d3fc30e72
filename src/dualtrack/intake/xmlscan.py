"""Walk a spreadsheet's XML before the reader does: how far values reach, and what the reader would not tell us.

The reader allocates rows times columns up to the furthest value, so one stray value in the last cell of a sheet would
take all memory. It also drops error values and formulas that have no stored result. Both are seen here in one pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.parsers import expat

from msgspec import Struct

from dualtrack.intake.limits import MERGES_MAX, SHEETS_MAX, broken, check_place, too_much
from dualtrack.intake.records import Cell, Merge
from dualtrack.present.letters import column_number

__all__ = ["SheetFacts", "ods_facts", "xlsx_facts"]

_PLACE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_DIGITS_MAX = 7
"""A row number has at most seven digits; a longer one is beyond every bound and need not be computed."""

_Start = Callable[[str, dict[str, str]], None]
_End = Callable[[str], None]
_Data = Callable[[str], None]


class SheetFacts(Struct, kw_only=True):
    """What the walk found on a sheet: cells the reader drops (errors, formulas without result), and merges (ods)."""

    extra: list[Cell]
    merges: list[Merge]


def xlsx_facts(parts: dict[str, bytes], where: str) -> tuple[dict[str, SheetFacts], bool]:
    """Return facts by sheet name, and whether bare date serials count from 1904; refuse values beyond the bounds.

    Every XML part is walked, so a relationship cannot point to one that was not.
    """
    by_part = {name: _XlsxSheet(f"{where}, {name}") for name in parts}
    for name, walker in by_part.items():
        _walk(parts[name], f"{where}, {name}", walker.start, walker.end, walker.data)
    book = _XlsxBook()
    for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        if name not in parts:
            raise broken(f"the part {name} is missing", where)
        _walk(parts[name], where, book.start, _ignore, _ignore)
    if len(book.sheets) > SHEETS_MAX:
        raise too_much(f"{len(book.sheets)} sheets", where, f"at most {SHEETS_MAX}")
    facts: dict[str, SheetFacts] = {}
    for sheet, relation in book.sheets.items():
        target = book.targets.get(relation, "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if part not in by_part:
            raise broken(f"the sheet '{sheet}' points to a part that is not there: {target or relation}", where)
        facts[sheet] = SheetFacts(extra=by_part[part].extra, merges=[])
    return facts, book.epoch_1904


def ods_facts(parts: dict[str, bytes], where: str) -> dict[str, SheetFacts]:
    """Return facts by sheet name of an OpenDocument spreadsheet; refuse values beyond the bounds."""
    if "content.xml" not in parts:
        raise broken("the part content.xml is missing", where)
    for name, content in parts.items():
        _walk(content, f"{where}, {name}", _nothing, _ignore, _ignore)
    walker = _OdsBook(where)
    _walk(parts["content.xml"], where, walker.start, walker.end, walker.data)
    return walker.facts


def _ignore(_name: str) -> None:
    """Take no notice of an end tag or of text."""


def _nothing(_name: str, _attributes: dict[str, str]) -> None:
    """Take no notice of a start tag: the walk itself checks that the part is well formed."""


def _walk(content: bytes, where: str, start: _Start, end: _End, data: _Data) -> None:
    """Feed one part to the handlers, with local names; a document type (entities) is refused."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def local_start(name: str, attributes: dict[str, str]) -> None:
        start(name.rpartition(":")[2], attributes)

    def local_end(name: str) -> None:
        end(name.rpartition(":")[2])

    def refuse(*_: object) -> None:
        raise broken("it declares a document type, which spreadsheets do not", where)

    parser.StartElementHandler = local_start
    parser.EndElementHandler = local_end
    parser.CharacterDataHandler = data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise broken(f"it is not well-formed XML: {error}", where) from error


class _XlsxBook:
    """Sheets by name with their relation, targets by relation, and the date system (ECMA-376 part 1, 18.2)."""

    def __init__(self) -> None:
        self.sheets: dict[str, str] = {}
        self.targets: dict[str, str] = {}
        self.epoch_1904 = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            relation = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id" and ":" in k), "")
            self.sheets[attributes.get("name", "")] = relation
        elif name == "Relationship":
            self.targets[attributes.get("Id", "")] = attributes.get("Target", "")
        elif name == "workbookPr":
            self.epoch_1904 = attributes.get("date1904", "0") in ("1", "true")


class _XlsxSheet:
    """Follow rows and cells, which may state their place or take the next one (ECMA-376 part 1, 18.3.1.4)."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.row = self.column = 0
        self.kind = self.element = self.value = self.formula = ""
        self.has_formula = self.has_value = False
        self.extra: list[Cell] = []
        self._merges = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self.row = _number(attributes.get("r"), self.row + 1)
            self.column = 0
        elif name == "c":
            self._place(attributes.get("r", ""))
            self.kind = attributes.get("t", "")
            self.value = self.formula = ""
            self.has_formula = self.has_value = False
        elif name in ("v", "f", "is"):
            self.element = name
            self.has_formula = self.has_formula or name == "f"
            self.has_value = self.has_value or name == "v"
            if self.row:
                check_place(self.row, self.column, self.where)
        elif name == "mergeCell":
            self._merges += 1
            if self._merges > MERGES_MAX:
                raise too_much("too many merged ranges", self.where, f"at most {MERGES_MAX:,}")

    def data(self, text: str) -> None:
        if self.element == "v":
            self.value += text
        elif self.element == "f":
            self.formula += text

    def end(self, name: str) -> None:
        if name == self.element:
            self.element = ""
        elif name == "c" and self.kind == "e" and self.value:
            self.extra.append(Cell(row=self.row, column=self.column, text=self.value, kind="error"))
        elif name == "c" and self.has_formula and not self.value and not (self.kind == "str" and self.has_value):
            # A stored result that is empty text (`=IF(A1="","",…)`) is a result, and an empty cell.
            self.extra.append(Cell(row=self.row, column=self.column, text=f"={self.formula}", kind="formula"))

    def _place(self, reference: str) -> None:
        match = _PLACE.fullmatch(reference)
        if match:
            self.column, self.row = column_number(match[1]), int(match[2])
        else:
            self.column += 1


class _OdsBook:
    """Follow tables, rows and cells with their repetitions (OpenDocument 1.3 part 3, section 9.1)."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.facts: dict[str, SheetFacts] = {}
        self._sheet = SheetFacts(extra=[], merges=[])
        self._row = self._column = self._rows = self._columns = 0
        self._in_cell = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table":
            if len(self.facts) >= SHEETS_MAX:
                raise too_much(f"more than {SHEETS_MAX} sheets", self.where, f"at most {SHEETS_MAX}")
            self._sheet = SheetFacts(extra=[], merges=[])
            self.facts[attributes.get("table:name", "")] = self._sheet
            self._row = self._rows = 0
        elif name == "table-row":
            self._row += self._rows or 1
            self._rows = _number(attributes.get("table:number-rows-repeated"), 1)
            self._column = self._columns = 0
        elif name in ("table-cell", "covered-table-cell"):
            self._cell(attributes)
        elif name == "p" and self._in_cell:
            self._check()

    def data(self, _text: str) -> None:
        """Take no notice: the reader has the text."""

    def end(self, name: str) -> None:
        if name in ("table-cell", "covered-table-cell"):
            self._in_cell = False

    def _cell(self, attributes: dict[str, str]) -> None:
        self._column += self._columns or 1
        self._columns = _number(attributes.get("table:number-columns-repeated"), 1)
        self._in_cell = True
        if "office:value-type" in attributes:
            self._check()
        across = _number(attributes.get("table:number-columns-spanned"), 1)
        down = _number(attributes.get("table:number-rows-spanned"), 1)
        if across > 1 or down > 1:
            if len(self._sheet.merges) >= MERGES_MAX:
                raise too_much("too many merged ranges", self.where, f"at most {MERGES_MAX:,}")
            bottom, right = self._row + down - 1, self._column + across - 1
            self._sheet.merges.append(Merge(top=self._row, left=self._column, bottom=bottom, right=right))

    def _check(self) -> None:
        check_place(self._row + self._rows - 1, self._column + self._columns - 1, self.where)


def _number(text: str | None, otherwise: int) -> int:
    """Return a positive whole number, `otherwise` for anything else; more than seven digits count as ten million."""
    if not text or not text.isascii() or not text.isdigit():
        return otherwise
    return 10**_DIGITS_MAX if len(text.lstrip("0")) > _DIGITS_MAX else int(text) or otherwise

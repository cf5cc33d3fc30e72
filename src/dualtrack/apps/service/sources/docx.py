"""Read a Word file: its headings, paragraphs, lists and tables as they are seen on the page; hidden and tiny words are not taken.

What would be lost without a sign is refused: tracked changes, footnotes, text boxes. Headers and footers are of the page, not of a passage.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, cast

from dualtrack.apps.refusals import refused
from dualtrack.apps.service.sources.package import check_package
from dualtrack.apps.service.sources.sections import Line, Source, gather, one_line
from dualtrack.apps.service.sources.tables import table_lines
from dualtrack.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docx.styles.styles import Styles

__all__ = ["POINTS_MIN", "read_docx"]

POINTS_MIN = 4.0
"""Size in points below which words are not meant to be read: the smallest print of contracts has 5 to 6."""

_LIGHT_MIN = 0.8
"""Share of full light from which letters on a white page are not seen; light grey print (BFBFBF) has 0.75."""

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LOST = {
    "ins": ("a tracked change", "accept or reject all changes"),
    "del": ("a tracked change", "accept or reject all changes"),
    "moveFrom": ("a tracked change", "accept or reject all changes"),
    "moveTo": ("a tracked change", "accept or reject all changes"),
    "footnoteReference": ("a footnote", "move its words into the text"),
    "endnoteReference": ("an endnote", "move its words into the text"),
    "txbxContent": ("a text box", "move its words into the text"),
    "sym": ("a sign of a symbol font", "write it as a letter or word"),
    "oMath": ("a formula", "write it in words"),
    "altChunk": ("a part in another format", "paste its words into the text"),
}
_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_BLOCKS = {"sdt", "sdtContent", "smartTag", "customXml", "body"}


def read_docx(data: bytes, where: str) -> Source:
    """Return the sections of a Word file; raises DocumentError naming the file and what in it cannot be taken."""
    check_package(data, where)
    try:
        import docx  # noqa: PLC0415 - an optional part
    except ImportError as error:
        raise MissingExtraError("service", "reading Word files") from error
    try:
        document = docx.Document(io.BytesIO(data))
        body, styles = document.element.body, document.styles
    except Exception as error:  # the reader may raise anything for a file that somebody damaged
        raise refused(
            f"it cannot be read as a Word file: {str(error)[:120]}",
            where,
            fix="open it in a word processor and save it again as .docx",
            code="broken",
        ) from error
    for name, (found, fix) in _LOST.items():
        if next(body.iter(f"{{*}}{name}"), None) is not None:
            raise refused(f"it has {found}", where, fix=fix, code="part-lost")
    reader = _Reader(styles)
    lines = list(reader.blocks(body))
    return gather(where, lines, reader.hidden)


class _Reader:
    def __init__(self, styles: Styles) -> None:
        self._styles: dict[str, Any] = {
            str(style.get(f"{_W}styleId")): style for style in styles.element.iter(f"{_W}style")
        }
        self.hidden: list[str] = []

    def blocks(self, parent: Any) -> Iterator[Line]:  # noqa: ANN401 - an element of lxml, whose types the package does not state
        """Return paragraphs and rows of tables in their order."""
        for child in parent:
            name = str(child.tag).removeprefix(_W)
            if name == "p":
                yield from self._paragraph(child)
            elif name == "tbl":
                yield from self._table(child)
            elif name in _BLOCKS:
                yield from self.blocks(child)

    def _paragraph(self, paragraph: Any) -> Iterator[Line]:  # noqa: ANN401 - as above
        properties = paragraph.find(f"{_W}pPr")
        style = _value(properties, "pStyle")
        text = self._words(paragraph, style)
        if not text:
            return
        level = self._level(properties, style)
        if level:
            yield Line(one_line(text), level)
        elif self._found(properties, style, "numPr") is not None:
            yield Line(f"- {one_line(text)}")
        else:
            for line in text.split("\n"):
                yield Line(one_line(line))

    def _table(self, table: Any) -> Iterator[Line]:  # noqa: ANN401 - as above
        """Return each row as a line: `label: value`, further cells with the head of their column where the table has one."""
        rows = [
            [self._cell(cell) for cell in row.iter(f"{_W}tc") if next(cell.iterancestors(f"{_W}tr")) is row]
            for row in table.iter(f"{_W}tr")
            if next(row.iterancestors(f"{_W}tbl")) is table
        ]
        yield from (Line(text) for text in table_lines(rows))

    def _cell(self, cell: Any) -> str:  # noqa: ANN401 - as above
        return one_line(" ".join(line.text for line in self.blocks(cell)))

    def _words(self, paragraph: Any, style: str | None) -> str:  # noqa: ANN401 - as above
        kept: list[str] = []
        unseen: list[str] = []
        for run in paragraph.iter(f"{_W}r"):
            text = _run_text(run)
            into = kept if not text.strip() or self._is_seen(run, style) else unseen
            into.append(text)
        if unseen:
            self.hidden.append(one_line("".join(unseen)))
        return "".join(kept).strip()

    def _is_seen(self, run: Any, style: str | None) -> bool:  # noqa: ANN401 - as above
        own = run.find(f"{_W}rPr")
        chain = [own, *self._run_styles(_value(own, "rStyle")), *self._run_styles(style)]
        if _is_on(chain, "vanish") or _is_on(chain, "webHidden"):
            return False
        size = _first(chain, "sz")
        if size is not None and size.isdigit() and int(size) / 2 < POINTS_MIN:
            return False
        color = _first(chain, "color")
        return not (color and _light(color) >= _LIGHT_MIN and not _shaded(run, chain))

    def _run_styles(self, style: str | None) -> Iterator[Any]:
        """Return the run properties of a style and of those that it rests on, the nearest first."""
        for found in self._chain(style):
            yield found.find(f"{_W}rPr")

    def _chain(self, style: str | None) -> Iterator[Any]:
        seen: set[str] = set()
        while style is not None and style in self._styles and style not in seen:
            seen.add(style)
            yield self._styles[style]
            style = _value(self._styles[style], "basedOn")

    def _level(self, properties: Any, style: str | None) -> int:  # noqa: ANN401 - as above
        for found in self._chain(style):
            match = _HEADING.fullmatch(_value(found, "name") or "")
            if match is not None:
                return int(match[1])
            if (_value(found, "name") or "").casefold() == "title":
                return 1
        outline = self._found(properties, style, "outlineLvl")
        value = "" if outline is None else str(outline.get(f"{_W}val"))
        return int(value) + 1 if value.isdigit() and int(value) < 9 else 0  # noqa: PLR2004 - 9 is text (ECMA-376, 17.3.1.20)

    def _found(self, properties: Any, style: str | None, name: str) -> Any:  # noqa: ANN401 - as above
        """Return a property of a paragraph, its own or of its style."""
        own = None if properties is None else properties.find(f"{_W}{name}")
        if own is not None:
            return own
        for found in self._chain(style):
            inherited = found.find(f"{_W}pPr/{_W}{name}")
            if inherited is not None:
                return inherited
        return None


def _run_text(run: Any) -> str:  # noqa: ANN401 - as above
    parts = []
    for child in run:
        name = str(child.tag).removeprefix(_W)
        if name == "t":
            parts.append(child.text or "")
        elif name in {"br", "cr"}:
            parts.append("\n")
        elif name == "tab":
            parts.append(" ")
        elif name == "noBreakHyphen":
            parts.append("-")
    return "".join(parts)


def _value(parent: Any, name: str) -> str | None:  # noqa: ANN401 - as above
    found = None if parent is None else parent.find(f"{_W}{name}")
    return None if found is None else cast("str | None", found.get(f"{_W}val"))


def _first(chain: list[Any], name: str) -> str | None:
    return next((value for each in chain if (value := _value(each, name)) is not None), None)


def _is_on(chain: list[Any], name: str) -> bool:
    for each in chain:
        found = None if each is None else each.find(f"{_W}{name}")
        if found is not None:
            return found.get(f"{_W}val") not in {"0", "false", "off"}
    return False


def _light(color: str) -> float:
    """Return how light a colour is, 0 to 1 (ITU-R BT.601 weights); `auto` is dark."""
    if re.fullmatch("[0-9A-Fa-f]{6}", color) is None:
        return 0.0
    red, green, blue = (int(color[at : at + 2], 16) for at in (0, 2, 4))
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def _shaded(run: Any, chain: list[Any]) -> bool:  # noqa: ANN401 - as above
    """Tell whether light letters stand on something dark: a shade of the run, its paragraph, cell or table, or a marker pen."""
    if _first(chain, "highlight") not in {None, "none", "white"}:
        return True
    shades = [each.find(f"{_W}shd") for each in chain if each is not None]
    for holder in run.iterancestors(f"{_W}p", f"{_W}tc", f"{_W}tbl"):
        shades += [holder.find(f"{_W}{name}/{_W}shd") for name in ("pPr", "tcPr", "tblPr")]
    fills = [str(shade.get(f"{_W}fill")) for shade in shades if shade is not None]
    return any(re.fullmatch("[0-9A-Fa-f]{6}", fill) and _light(fill) < _LIGHT_MIN / 2 for fill in fills)

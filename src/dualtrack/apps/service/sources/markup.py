"""Read a saved page of a site: the words of its main part under its headings, without menus, forms and what is hidden.

What a separate style sheet hides is not known here: only the page's own marks (hidden, aria-hidden, inline styles, usual class names) are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dualtrack.apps.refusals import refused
from dualtrack.apps.service.sources.sections import FILE_BYTES_MAX, Line, Source, gather, one_line
from dualtrack.apps.service.sources.tables import table_lines
from dualtrack.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DEPTH_MAX", "read_page"]

DEPTH_MAX = 200
"""Marks within marks: pages of real sites have some 30."""

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LEFT_OUT = frozenset({
    "script", "style", "template", "noscript", "nav", "footer", "aside", "form", "button", "select", "input", "textarea", "svg", "math",
    "iframe", "object", "video", "audio", "canvas", "head",
})  # fmt: skip
_BLOCKS = frozenset({
    "address", "article", "blockquote", "body", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption", "figure", "header",
    "hgroup", "hr", "li", "main", "ol", "p", "pre", "section", "summary", "ul",
})  # fmt: skip
_UNSEEN_STYLE = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|opacity:0(?:\.0\d*)?(?:;|$)|font-size:(?:0|[0-3](?:\.\d+)?(?:px|pt)|0?\.[0-3]\d*r?em)(?:;|$)"
    r"|(?:^|;)color:(?:transparent|rgba\([^)]*,0(?:\.0\d*)?\))(?:;|$)|text-indent:-\d{3,}|(?:left|top):-\d{3,}px|clip:rect\(0"
)
_LIGHT_STYLE = re.compile(r"(?:^|;)color:(?:#f{3,8}|white)(?:;|$)")
_UNSEEN_CLASS = re.compile(r"(?:^|\s)(?:hidden|d-none|sr-only|visually-hidden|screen-reader-text|invisible)(?:\s|$)")


def read_page(data: bytes, where: str) -> Source:
    """Return the sections of an HTML page; raises DocumentError naming the file."""
    try:
        from lxml import etree, html  # noqa: PLC0415 - an optional part
    except ImportError as error:
        raise MissingExtraError("service", "reading saved pages") from error
    if len(data) > FILE_BYTES_MAX:
        raise refused(
            f"{len(data):,} bytes", where, expected=f"at most {FILE_BYTES_MAX:,}", fix="split it", code="too-much"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused("not UTF-8", where, fix="save the page as UTF-8", code="encoding") from error
    try:
        parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
        root = html.document_fromstring(text.encode(), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise refused("no HTML page", where, fix="save the page again", code="broken") from error
    main = (
        root.xpath("//main | //*[@role='main']") or root.xpath("//article[count(//article)=1]") or root.xpath("//body")
    )
    if not main:
        raise refused("no body", where, fix="save the page again", code="broken")
    reader = _Reader(where)
    reader.walk(main[0], 0)
    reader.end()
    return gather(where, reader.lines, reader.hidden)


class _Reader:
    def __init__(self, where: str) -> None:
        self._where = where
        self._words: list[str] = []
        self._start = ""
        self.lines: list[Line] = []
        self.hidden: list[str] = []

    def end(self, level: int = 0) -> None:
        """Close the line that is being read."""
        text = one_line("".join(self._words))
        self._words.clear()
        if text:
            self.lines.append(Line(text if level else self._start + text, level))
            self._start = ""

    def walk(self, element: Any, depth: int) -> None:  # noqa: ANN401 - an element of lxml
        """Read an element and what is in it."""
        if depth > DEPTH_MAX:
            raise refused(
                "marks within marks, too deep", self._where, fix="save the page in a plain form", code="too-much"
            )
        name = element.tag if isinstance(element.tag, str) else ""
        if name in _LEFT_OUT or not name:
            return
        if _is_hidden(element):
            text = one_line(element.text_content())
            if text:
                self.hidden.append(text)
            return
        if name == "table":
            self.end()
            self.lines += [Line(text) for text in self._captions(element, depth)]
            self.lines += [Line(text) for text in table_lines(self._rows(element, depth))]
            return
        block = name in _BLOCKS or name in _HEADINGS
        if block or name == "br":
            self.end()
        if name == "li":
            self._start = "- "
        elif name == "dd" and self.lines and self.lines[-1].level == 0 and self._after_term(element):
            self._words.append(f"{self.lines.pop().text}: ")
        self._words.append(element.text or "")
        self._children(element, depth)
        if block:
            self.end(_HEADINGS.get(name, 0))

    def _children(self, element: Any, depth: int) -> None:  # noqa: ANN401 - as above
        for child in element:
            self.walk(child, depth + 1)
            self._words.append(child.tail or "")

    def _after_term(self, element: Any) -> bool:  # noqa: ANN401 - as above
        before = element.getprevious()
        return before is not None and before.tag == "dt"

    def _rows(self, table: Any, depth: int) -> Iterator[list[str]]:  # noqa: ANN401 - as above
        for row in self._seen(table, "tr"):
            yield [self._cell(cell, depth) for cell in row if cell.tag in {"td", "th"}]

    def _captions(self, table: Any, depth: int) -> Iterator[str]:  # noqa: ANN401 - as above
        for caption in self._seen(table, "caption"):
            yield from filter(None, [self._cell(caption, depth)])

    def _seen(self, table: Any, name: str) -> Iterator[Any]:  # noqa: ANN401 - as above
        """Yield the parts of a table, not of a table within it, that are seen; what is hidden is kept beside."""
        for part in table.iter(name):
            around = list(part.iterancestors())
            if next(each for each in around if each.tag == "table") is not table:
                continue
            if any(_is_hidden(each) for each in (part, *around[: around.index(table)])):
                self.hidden += filter(None, [one_line(part.text_content())])
            else:
                yield part

    def _cell(self, cell: Any, depth: int) -> str:  # noqa: ANN401 - as above
        inner = _Reader(self._where)
        inner.walk(cell, depth + 3)
        inner.end()
        self.hidden += inner.hidden
        return one_line(" ".join(line.text for line in inner.lines))


def _is_hidden(element: Any) -> bool:  # noqa: ANN401 - as above
    if element.get("hidden") is not None or (element.get("aria-hidden") or "").strip().lower() == "true":
        return True
    if _UNSEEN_CLASS.search(element.get("class") or ""):
        return True
    style = re.sub(r"\s+|!important", "", element.get("style") or "").lower()
    if _UNSEEN_STYLE.search(style) is not None:
        return True
    return "background" not in style and _LIGHT_STYLE.search(style) is not None

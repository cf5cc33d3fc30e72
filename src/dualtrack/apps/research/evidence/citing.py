"""Whether what an answer cites is there: each cell holds the number that it is cited for, each quotation stands word for word."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from dualtrack.apps.research.documents.model import parse_address
from dualtrack.apps.research.reported import read_reported
from dualtrack.apps.research.solving.scales import POWERS
from dualtrack.apps.research.solving.spans import holds_quote
from dualtrack.errors import FieldError, NotFoundError

if TYPE_CHECKING:
    from dualtrack.apps.research.asking import Reply
    from dualtrack.apps.research.documents.model import Document
    from dualtrack.apps.research.documents.store import DocumentStore
    from dualtrack.apps.research.solving.answer import Cited

__all__ = ["citations_hold"]


def citations_hold(reply: Reply, store: DocumentStore) -> bool:
    """Say whether every citation of an answer holds in the document that it names; an answer without any has none that holds."""
    if reply.source is None:
        return False
    document = store.document(reply.source.sha256)
    if reply.quote is not None:
        return _stands(reply.quote.address, reply.quote.text, document, reply.source.page)
    operands = reply.figure.operands if reply.figure is not None else ()
    return bool(operands) and all(_holds(each, document, reply.source.page) for each in operands)


def _holds(cited: Cited, document: Document, page: int) -> bool:
    """Say whether a number stands where it is cited and is the value that it is cited as."""
    return _stands(cited.address, cited.text, document, page) and _is_worth(cited)


def _stands(address: str, text: str, document: Document, page: int) -> bool:
    """Say whether a text is that of the cell at an address, or of a stretch of the page's lines."""
    try:
        place = parse_address(address)
    except FieldError:
        return holds_quote(address, text, [line.text for line in document.pages[page - 1].lines])
    try:
        return document.cell(place).text == text
    except NotFoundError:
        return False


def _is_worth(cited: Cited) -> bool:
    """Say whether the text reads as the value, in the scale that is stated beside it."""
    read = read_reported(cited.text)
    if read is None:
        return False
    own = read.percent or read.scale is not None
    value = read.value if own else read.value.scaleb(POWERS[cited.scale])
    return value == Decimal(cited.value)

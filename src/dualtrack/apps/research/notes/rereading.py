"""The operands of a kept figure read again where they stand: a cell that says something else bears out no sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.research.documents.model import parse_address
from dualtrack.apps.research.notes.overlap import plain
from dualtrack.errors import FieldError, NotFoundError

if TYPE_CHECKING:
    from dualtrack.apps.research.documents.model import Document
    from dualtrack.apps.research.solving.answer import Answered, Cited

__all__ = ["moved"]


def moved(figure: Answered, document: Document, page: int) -> tuple[str, ...]:
    """Return the addresses of a figure whose cell, or page for words of a paragraph, does not say what the figure took from it."""
    cited = [each.address for each in figure.operands if not _stands(each, document, page)]
    operands = {(each.address, each.text, each.value) for each in figure.operands}
    odd = [
        each.source
        for each in figure.trace.operands
        if each.source != "written" and (each.source, each.text, each.value) not in operands
    ]
    return tuple(dict.fromkeys(cited + odd))


def _stands(cited: Cited, document: Document, page: int) -> bool:
    try:
        return plain(document.cell(parse_address(cited.address)).text) == plain(cited.text)
    except NotFoundError:
        return False
    except FieldError:  # words of a paragraph have no cell
        return any(each.number == page and plain(cited.text) in plain(each.text) for each in document.pages)

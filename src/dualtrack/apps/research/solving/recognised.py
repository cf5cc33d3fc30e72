"""An answer from a page that was read by OCR says so, and keeps how sure the recogniser was of each of its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.apps.research.solving.answer import Answered, Quoted
from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from dualtrack.apps.research.solving.answer import Answer
    from dualtrack.apps.research.solving.table import Table

__all__ = ["READ_BY_OCR", "said_recognised"]

READ_BY_OCR = Text(en="read from a picture by OCR, may be misread", zh="以光學字元識別（OCR）從圖像讀取，或有誤讀")
"""What every figure of such a page says."""


def said_recognised(answer: Answer, table: Table) -> Answer:
    """Return an answer as it is, or, of a page that was read by OCR, with these words and the confidence of each number."""
    sure = table.recognised
    if sure is None:
        return answer
    if isinstance(answer, Quoted):
        return replace(answer, confidence=sure.page)
    if not isinstance(answer, Answered):
        return answer
    cells = {table.address(row, column): each for row, column, each in sure.cells}
    operands = tuple(replace(each, confidence=cells.get(each.address, sure.page)) for each in answer.operands)
    said = answer.definition
    definition = Text(en=f"{said.en}; {READ_BY_OCR.en}", zh=f"{said.zh}；{READ_BY_OCR.zh}")
    return replace(answer, operands=operands, definition=definition)

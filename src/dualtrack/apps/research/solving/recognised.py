"""An answer from a page that was read by OCR says so, and keeps how sure the recogniser was of each of its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.apps.research.documents.layout import is_figure
from dualtrack.apps.research.documents.ocr import DOUBT
from dualtrack.apps.research.solving.answer import Abstained, Quoted
from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from dualtrack.apps.research.solving.answer import Answer
    from dualtrack.apps.research.solving.table import Table

__all__ = ["READ_BY_OCR", "said_recognised"]

READ_BY_OCR = Text(en="read from a picture by OCR, may be misread", zh="以光學字元識別（OCR）從圖像讀取，或有誤讀")
"""What every figure of such a page says."""


def said_recognised(answer: Answer, table: Table) -> Answer:
    """Return an answer as it is, or, of a page that was read by OCR, with these words and the confidence of each number.

    Where there is no figure, numbers of the table that could not be read with certainty are said to be there.
    """
    sure = table.recognised
    if sure is None:
        return answer
    if isinstance(answer, Quoted):
        return replace(answer, confidence=sure.page)
    if isinstance(answer, Abstained):
        return _said_doubtful(answer, table)
    cells = {table.address(row, column): each for row, column, each in sure.cells}
    operands = tuple(replace(each, confidence=cells.get(each.address, sure.page)) for each in answer.operands)
    said = answer.definition
    definition = Text(en=f"{said.en}; {READ_BY_OCR.en}", zh=f"{said.zh}；{READ_BY_OCR.zh}")
    return replace(answer, operands=operands, definition=definition)


def _said_doubtful(answer: Abstained, table: Table) -> Abstained:
    texts = [text for row in table.rows for text in row if text.endswith(DOUBT)]
    n = sum(is_figure(text.removesuffix(DOUBT)) for text in texts)
    if not n:
        return answer
    before = answer.settles
    many = "number" if n == 1 else "numbers"
    settles = Text(
        en=f"{before.en}; or the original: {n} {many} of the table could not be read from its picture with certainty",
        zh=f"{before.zh}；或原檔：表內{n}個數字從圖像讀取並不肯定",
    )
    return replace(answer, settles=settles)

"""Answers and the lack of one: a figure with its program, operands and places; a quote with its place; or the reason and what would settle it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from dualtrack.apps.research.calculate import calculate, numeral, replays
from dualtrack.apps.research.expression import read_expression
from dualtrack.apps.research.program import Operand, Trace
from dualtrack.apps.research.reported import read_reported
from dualtrack.apps.research.solving.findings import finding, quoted, unit_text
from dualtrack.apps.research.solving.scales import POWERS
from dualtrack.apps.research.units import NUMBER, Unit
from dualtrack.domain.records import Record, Text
from dualtrack.errors import ExpressionError, FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Abstained",
    "Answer",
    "Answered",
    "Cited",
    "NoAnswerError",
    "Quoted",
    "Reason",
    "Second",
    "abstained",
    "compute",
    "in_scale",
    "said_of",
]

Reason = Literal[
    "not understood", "missing operand", "equal matches", "period absent", "two periods", "unit mismatch", "zero divisor", "same cell",
    "second derivation", "no text", "not at its place", "no calculation", "scale", "sign", "magnitude", "weak match",
    "not said", "licence",
]  # fmt: skip
"""Why there is no answer."""

_SAID: dict[Reason, tuple[Text, Text]] = {
    "not understood": (Text(en="The question is not understood", zh="未能理解問題"), Text(en="name the line, the period and what is asked of them", zh="請列明項目、期間及所問的計算")),
    "missing operand": (Text(en="A number that the question needs is not in the table", zh="表內沒有問題所需的數字"), Text(en="a table with that line", zh="載有該項目的表")),
    "equal matches": (Text(en="Two places fit the question equally", zh="有兩處同樣符合問題"), Text(en="say which of them is meant", zh="請指明所指的一處")),
    "period absent": (Text(en="The period is not in the table", zh="表內沒有該期間"), Text(en="a table of that period", zh="載有該期間的表")),
    "two periods": (Text(en="A number stands under two periods at once", zh="同一數字列於兩個期間之下"), Text(en="the same figures in a column for each period", zh="每個期間分欄列示的數字")),
    "unit mismatch": (Text(en="The units do not go together", zh="單位不能一起計算"), Text(en="figures in one currency and kind, or the exchange rate to use", zh="同一貨幣及類別的數字，或所用匯率")),
    "zero divisor": (Text(en="The divisor is zero", zh="除數為零"), Text(en="a base that is not nil", zh="不為零的基數")),
    "same cell": (Text(en="Both numbers would be the same cell", zh="兩個數字會是同一格"), Text(en="name both lines or periods", zh="請列明兩個項目或期間")),
    "second derivation": (Text(en="A second way to the figure gives another result", zh="以另一方法得出不同結果"), Text(en="check the two places; one may be misprinted or restated", zh="核對兩處；其一或屬誤植或經重列")),
    "no text": (Text(en="No sentence of the text answers it", zh="文字中沒有回答此問題的句子"), Text(en="the passage that says it", zh="載有答案的段落")),
    "not at its place": (Text(en="What is cited does not stand where it is cited", zh="所引內容不在所引位置"), Text(en="cite the cell or the exact words", zh="請引用該格或原文")),
    "no calculation": (Text(en="The calculation cannot be made", zh="計算不能進行"), Text(en="correct the step that is named", zh="請更正所指步驟")),
    "scale": (Text(en="The scale is not the one of the source", zh="單位級數與來源不符"), Text(en="state the scale that the source prints", zh="請按來源列明單位級數")),
    "sign": (Text(en="The sign is not the one of the source", zh="正負號與來源不符"), Text(en="take the number with its sign", zh="請連正負號引用")),
    "magnitude": (Text(en="The result is far from anything its numbers could give", zh="結果與所用數字相差過大"), Text(en="check scales and operands", zh="核對單位級數及數字")),
    "weak match": (Text(en="No line fits the question well enough", zh="沒有足夠符合問題的項目"), Text(en="use the words of the table", zh="請使用表內字眼")),
    "not said": (Text(en="The table does not say of this line what the question says", zh="表內沒有就此項目說明問題所指的內容"), Text(en="a table that says it, or a question in the words of the table", zh="載有該內容的表，或以表內字眼提問")),
    "licence": (Text(en="The document's licence does not let so much of it be quoted", zh="按文件的使用許可，不得引用此篇幅的原文"), Text(en="read the page itself, or set in research.yaml what the licence lets", zh="請直接閱讀該頁，或於 research.yaml 設定許可的引用篇幅")),
}  # fmt: skip


class Cited(Record, frozen=True):
    """An operand of an answer: where it stands, what is printed there, its value in base units and how it was read.

    `confidence` (0 to 1) is the recogniser's, of a number that was read from a picture by OCR and may be misread.
    """

    name: str
    address: str
    text: str
    value: str
    unit: Unit
    scale: str
    period: str = ""
    label: str = ""
    confidence: float | None = None


class Second(Record, frozen=True):
    """A second way to the same figure that agrees: what it is, from where, its value in base units."""

    how: Text
    address: str
    value: str


class Answered(Record, frozen=True):
    """A figure: `value` in base units, `shown` in `scale`; the calculation as written and as run; `choice` where the question asks which.

    `match` says how well the words fit (0 to about 1.3), for weighing answers against silence; it is no probability.
    """

    intent: str
    value: str
    shown: str
    unit: Unit
    scale: str
    period: str
    definition: Text
    expression: str
    trace: Trace
    operands: tuple[Cited, ...]
    second: Second | None = None
    metric: str | None = None
    choice: str = ""
    match: float = 1.0


class Quoted(Record, frozen=True):
    """Words of the source as they stand, with their place (`p3:10-42`, characters of paragraph 3, or a cell).

    `confidence` as of an operand, where the page was read by OCR.
    """

    text: str
    address: str
    match: float = 1.0
    confidence: float | None = None


class Abstained(Record, frozen=True):
    """No answer: the kind of reason, the reason in words with what was found, and what would settle it.

    `found` is a Text where it is said in our own words, a str where it is of the source or the question as it stands.
    """

    reason: Reason
    words: Text
    found: str | Text
    settles: Text


Answer = Answered | Quoted | Abstained


class NoAnswerError(FieldError):
    """A question has no answer here. `said` is what was found: a Text in our own words, a str of the source or the question."""

    def __init__(self, reason: Reason, found: str | Text) -> None:
        plain = found.en if isinstance(found, Text) else found
        super().__init__(plain, where="question", expected=_SAID[reason][0].en, fix=_SAID[reason][1].en)
        self.reason, self.said = reason, found


def abstained(reason: Reason, found: str | Text) -> Abstained:
    """Return the lack of an answer in words; found as a str is of the source or the question, and in Chinese stands as a quotation."""
    said, settles = _SAID[reason]
    what = found if isinstance(found, Text) else Text(en=found, zh=f"「{found}」")
    words = Text(en=f"{said.en}: {what.en}.", zh=f"{said.zh}：{what.zh}。")
    return Abstained(reason=reason, words=words, found=found, settles=settles)


def said_of(reason: Reason) -> tuple[Text, Text]:
    """Return a reason in words, without what was found, and what would settle it."""
    return _SAID[reason]


def compute(expression: str, cited: Sequence[Cited]) -> Trace:
    """Run a calculation over named operands; raises NoAnswerError for a step that cannot be made, and for a trace that does not replay."""
    known: Mapping[str, Cited] = {each.name: each for each in cited}
    try:
        read = read_expression(expression, names=True)
    except ExpressionError as error:
        raise NoAnswerError("no calculation", finding("not_read", expression=expression[:80])) from error
    odd = [
        each.text for each in read.written if each.kind == "cell" or (each.kind == "name" and each.text not in known)
    ]
    if odd:
        raise NoAnswerError("missing operand", finding("no_operand", name=quoted(odd[0])))
    operands = [_operand(each.name, each.text, known.get(each.text)) for each in read.written]
    _check_zero(expression, cited)
    try:
        trace = calculate(read.program, operands)
    except FieldError as error:
        raise NoAnswerError(_kind(error), _failed(_kind(error), expression, cited)) from error
    if not replays(trace):
        raise NoAnswerError("no calculation", finding("not_again"))
    return trace


def _operand(name: str, text: str, cited: Cited | None) -> Operand:
    if cited is not None:
        return Operand(name, cited.address, cited.text, cited.value, cited.unit)
    reported = read_reported(text)
    if reported is None:
        raise NoAnswerError("no calculation", finding("no_number", text=quoted(text)))
    return Operand(name, "written", text, numeral(reported.value), NUMBER)


def _check_zero(expression: str, cited: Sequence[Cited]) -> None:
    for each in cited:
        if each.value == "0" and re.search(rf"/ ?{each.name}(?!\w)", expression):
            line = f"{each.label or each.address} {each.period}".strip()
            raise NoAnswerError("zero divisor", finding("nil", line=quoted(line)))


def _kind(error: FieldError) -> Reason:
    if "do not go together" in error.found:
        return "unit mismatch"
    return "zero divisor" if "has no result" in error.found else "no calculation"


def _failed(reason: Reason, expression: str, cited: Sequence[Cited]) -> Text:
    """Return why a calculation has no result: the units that do not go together, else the calculation itself."""
    units = [unit_text(unit) for unit in dict.fromkeys(each.unit for each in cited)]
    if reason == "unit mismatch" and len(units) > 1:
        both = Text(en=" and ".join(each.en for each in units), zh="與".join(each.zh for each in units))
        return finding("units_apart", units=both)
    return finding("result_none" if reason == "zero divisor" else "result_odd", expression=expression[:80])


def in_scale(value: str, scale: str) -> str:
    """Return a value in base units as it is shown in a scale."""
    return numeral(Decimal(value).scaleb(-POWERS[scale]))

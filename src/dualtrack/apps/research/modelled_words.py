"""What is said of a model that was asked and whose answer was not shown: in fixed words, none of them the model's."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dualtrack.apps.research.solving.answer import said_of
from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from dualtrack.apps.research.solving.answer import Reason

__all__ = ["HELD", "code_of", "words_of"]

HELD = Text(en="Its calculation holds at every cell", zh="所提算式與每一格相符")

_LATER = Text(en="ask again later", zh="請稍後再問")
_CELLS = Text(
    en="point at the cells yourself, or ask in the words of the table", zh="請自行指明儲存格，或使用表內字眼提問"
)
_SELECT = Text(en="name columns of the tables, or write the SELECT yourself", zh="請指明表內欄位，或自行編寫 SELECT")
_MODEL = Text(en="see the decision on record, and whoever runs the model", zh="請查閱決定紀錄，並聯絡模型的負責人")
_WORDS: dict[str, tuple[Text, Text]] = {
    "prose": (Text(en="It answered in prose", zh="模型以文句作答"), _CELLS),
    "form": (Text(en="It answered in another form than asked for", zh="模型沒有按所定格式作答"), _CELLS),
    "placeless": (Text(en="It gave a number without a place", zh="模型所給數字沒有出處"), _CELLS),
    "cannot": (Text(en="It proposes no calculation", zh="模型沒有提出算式"), Text(en="a document with the numbers that are needed", zh="載有所需數字的文件")),
    "sql.form": (Text(en="It answered in another form than asked for", zh="模型沒有按所定格式作答"), _SELECT),
    "sql.cannot": (Text(en="It proposes no query", zh="模型沒有提出查詢"), Text(en="a table with the columns that are needed", zh="載有所需欄位的表")),
    "sql.gate": (Text(en="Its SQL was refused or did not run", zh="模型所提 SQL 被拒或未能執行"), _SELECT),
    "sql.worded": (Text(en="Its SQL shows words or values that no table has", zh="模型所提 SQL 會顯示不屬於任何表的字眼或數值"), _SELECT),
    "tools": (Text(en="It asked for tools, and has none", zh="模型要求使用工具，但並無工具可用"), _MODEL),
    "upstream.fingerprint": (Text(en="It is another model than the one released", zh="模型與已發布的不同"), Text(en="release and assess the new model", zh="請發布並評估新模型")),
    "upstream.resting": (Text(en="It failed too often and is left alone for a while", zh="模型屢次失敗，暫停使用"), _LATER),
    "upstream.body-too-large": (Text(en="Its answer was too long to be read", zh="模型的答案過長，沒有讀取"), _MODEL),
    "upstream.budget": (Text(en="Its tokens of the day are used", zh="模型當日的用量已達上限"), Text(en="ask again tomorrow", zh="請明天再問")),
    "permit.held": (Text(en="The use was put on hold", zh="用途已暫停"), Text(en="ask who set the hold", zh="請向設定暫停的人查詢")),
    "guard": (Text(en="It was not asked: a guard found orders or personal data in what it would read", zh="沒有向模型提問：在其將讀取的內容中發現指令或個人資料"), Text(en="read the page yourself", zh="請自行閱讀該頁")),
}  # fmt: skip
_TIMES = frozenset(
    f"upstream.{each}-timeout" for each in ("connect", "first-byte", "gap", "total")
)  # fmt: skip
_FAILED = (Text(en="It gave no usable answer", zh="模型沒有給予可用的答案"), _MODEL)


def code_of(reason: Reason) -> str:
    """Return the code of a check that did not hold."""
    return f"check.{reason.replace(' ', '-')}"


def words_of(code: str) -> tuple[Text, Text]:
    """Return why a model's answer is not shown, and what would settle it."""
    if code in _TIMES:
        return Text(en="It did not answer in time", zh="模型未有及時作答"), _LATER
    if code.startswith("check."):
        return said_of(cast("Reason", code.removeprefix("check.").replace("-", " ")))
    return _WORDS.get(code, _FAILED)

"""What keeps a note from being published: kinds of findings, each with its reason and what to do, in both languages."""

from __future__ import annotations

from typing import Literal

from dualtrack.domain.records import Record, Text

__all__ = ["Finding", "Kind", "finding"]

Kind = Literal[
    "unsupported",
    "view with a figure",
    "no such document",
    "no such page",
    "not a quotation",
    "short quotation",
    "no such answer",
    "cell changed",
    "does not replay",
    "number",
    "number elsewhere",
    "sign",
    "words",
    "line",
    "turned round",
    "currency",
    "not comparable",
    "title",
    "no issuer",
    "issuer left out",
    "too much quoted",
]

_SAID: dict[Kind, Text] = {
    "unsupported": Text(en="nothing supports this sentence", zh="此句沒有任何依據"),
    "view with a figure": Text(
        en="a view states no figure or multiple: support it, or take it out", zh="觀點不得載有數字或倍數：請附依據或予刪去"
    ),
    "no such document": Text(en="the document is not loaded", zh="未有載入該文件"),
    "no such page": Text(en="the document has no such page", zh="該文件沒有此頁"),
    "not a quotation": Text(
        en="these words do not stand on that page as whole words: quote it word for word", zh="該頁並無此段完整文字：請逐字引用"
    ),
    "short quotation": Text(en="the quotation is too short to support anything: quote the whole statement", zh="引文過短，不足以作為依據：請引用整句"),
    "no such answer": Text(
        en="the figure is not that of an answer kept here: choose the answer again", zh="該數字並非本工作台保存的答案：請重新選擇答案"
    ),
    "cell changed": Text(
        en="a cell does not say what the figure took from it: ask the question again", zh="原格內容與計算所用者不符：請重新提問"
    ),
    "does not replay": Text(en="the calculation does not give this number", zh="按所列計算得不出此數"),
    "number": Text(
        en="a number or date that stands in none of its supports: give it as the source does", zh="數字或日期未見於任何依據：請按來源填寫"
    ),
    "number elsewhere": Text(
        en="a number that stands by other words in the source: keep the line and period beside it", zh="來源中該數字屬於其他項目或期間：請連同其項目及期間一併引述"
    ),
    "sign": Text(
        en="the figure is negative and the sentence does not say so: give its minus sign, or say that it fell or is a loss", zh="該數字為負數而句中未有說明：請加上負號，或說明屬下跌或虧損"
    ),
    "words": Text(
        en="words that stand in none of its supports: use the source's words, in their order, or say it as a view", zh="字眼未見於任何依據：請按來源的字眼及次序撰寫，或列為觀點"
    ),
    "line": Text(
        en="the sentence does not name the line or metric of its figure: use its name in the source", zh="句中未有寫明數字所屬項目或指標：請使用來源所列名稱"
    ),
    "turned round": Text(
        en="direction, denial, doubt or loss is not that of the source: say it as the source does, and keep its negations", zh="升跌、否定、不確定或盈虧與來源不符：請按來源表述，並保留其否定字眼"
    ),
    "currency": Text(en="the currency is not that of the source: state the source's", zh="貨幣與來源不符：請按來源填寫貨幣"),
    "not comparable": Text(
        en="a calculation of this kind cannot be held against words: ask for a value, a change or a named metric, or quote",
        zh="此類計算未能與文字核對：請改問數值、變動或指標，或引用原文",
    ),
    "title": Text(
        en="the title claims what no single sentence's support bears out: name issuer, subject and period, or use a supported sentence's words",
        zh="標題所述未有任何一句的依據支持：請只寫發行人、主題及期間，或採用已有依據的句子",
    ),
    "no issuer": Text(en="the note names no issuer: name each that it is about", zh="報告未有指明發行人：請列出所涉的每一發行人"),
    "issuer left out": Text(
        en="a document of an issuer that the note does not name is used: add the issuer", zh="報告使用了未列明發行人的文件：請加入該發行人"
    ),
    "too much quoted": Text(en="more is quoted than the document's licence lets", zh="引用篇幅超出該文件許可的範圍"),
}  # fmt: skip

_SHOWN_MAX = 120


class Finding(Record, frozen=True):
    """What keeps a note from being published: the sentence by its number from 1 (0: the note), the kind, and what shows it."""

    sentence: int
    kind: Kind
    said: Text
    shown: str


def finding(sentence: int, kind: Kind, shown: str) -> Finding:
    """Return a finding with its words."""
    return Finding(sentence=sentence, kind=kind, said=_SAID[kind], shown=shown[:_SHOWN_MAX])

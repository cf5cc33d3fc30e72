"""A small corpus for tests of finding passages."""

from __future__ import annotations

from dualtrack.domain.records import Text
from dualtrack.runtime.passages.corpus import CORPUS_FORMAT, Asked, Corpus, Passage
from dualtrack.runtime.passages.glossary import Term


def passage(name, title, text, keys=("", ""), **more):
    return Passage(
        id=name,
        topic="subject",
        owner="desk",
        version="1",
        valid_from="2026-01-01",
        title=Text(en=title[0], zh=title[1]),
        text=Text(en=text[0], zh=text[1]),
        keys=Text(en=keys[0], zh=keys[1]),
        provenance="Written for this test.",
        **more,
    )


PASSAGES = (
    passage("lost-card", ("Lost card", "遺失卡"), ("Freeze the card in the app and call us.", "請於應用程式凍結卡並致電我們。")),
    passage("transfer-limit", ("Transfer limit", "轉帳上限"), ("You may send HK$10,000 a day.", "每日可轉出港幣10,000元。")),
    passage("statement", ("Statements", "月結單"), ("Statements come on the first day of a month.", "月結單於每月首日發出。")),
    passage(
        "close",
        ("Closing an account", "取消戶口"),
        ("Closing is free after three months.", "三個月後取消不收費。"),
        asked=Asked(en=["How can I leave the bank?"], zh=["我唔想再用你哋間銀行喇", "想 close account 點搞"]),
    ),
)  # fmt: skip

TERMS = (
    Term(en=["transfer"], zh=["轉帳"], yue=["過數"]),
    Term(en=["statement", "bank statement"], zh=["結單", "月結單"], yue=["張單"]),
    Term(en=["card"], zh=["卡"], yue=["咭"]),
    Term(en=["account"], zh=["戶口"], yue=["ac"]),
)


def corpus(passages=PASSAGES, **more):
    return Corpus(
        format=CORPUS_FORMAT,
        use="test-firm/service",
        firm=Text(en="Test", zh="測試"),
        passages=list(passages),
        **more,
    )

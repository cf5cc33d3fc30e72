"""How a report says things in one language: standings with a shape, units, thresholds, and the reasons that results carry.

A reason stands in the ledger in English. Those of our own judging are said in Chinese here; any other is quoted as recorded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from dualtrack.domain.records import Text
from dualtrack.domain.time import HONG_KONG, parse_instant
from dualtrack.present.charts import plain_number
from dualtrack.present.text import date_text

if TYPE_CHECKING:
    from dualtrack.evidence.plans.records import Gate, Standing

__all__ = ["FAMILY_WORDS", "STANDING_SIGNS", "STANDING_TONES", "STANDING_WORDS", "LanguageTag", "Tone", "Words"]

LanguageTag = Literal["en", "zh-Hant"]
Tone = Literal["good", "high", "medium", "note"]

STANDING_WORDS: dict[Standing, Text] = {
    "met": Text(en="met", zh="達標"),
    "missed": Text(en="missed", zh="未達標"),
    "underpowered": Text(en="cannot tell: underpowered", zh="未能判斷：檢定力不足"),
    "not measurable": Text(en="not measurable", zh="無法量度"),
    "reported": Text(en="reported, no threshold", zh="只作報告，沒有門檻"),
}
"""Standings in words."""

STANDING_TONES: dict[Standing, Tone] = {
    "met": "good",
    "missed": "high",
    "underpowered": "medium",
    "not measurable": "medium",
    "reported": "note",
}
"""Only what was met is ever green."""

STANDING_SIGNS: dict[Standing, str] = {
    "met": "✓",
    "missed": "✕",
    "underpowered": "?",
    "not measurable": "∅",
    "reported": "○",
}
"""A shape for each standing: a colour is never the only sign."""

FAMILY_WORDS: dict[str, Text] = {
    "answers": Text(en="answers of language models", zh="語言模型的回答"),
    "benefit": Text(en="benefit", zh="效益"),
    "drift": Text(en="drift", zh="漂移"),
    "explanation": Text(en="explanation", zh="解釋"),
    "fairness": Text(en="fairness", zh="公平"),
    "performance": Text(en="performance", zh="表現"),
    "provenance": Text(en="provenance and intellectual property", zh="來源及知識產權"),
    "quality": Text(en="data quality", zh="數據質素"),
    "robustness": Text(en="robustness", zh="穩健"),
    "security": Text(en="privacy and security", zh="私隱及保安"),
}
"""Families of measures; a firm's own family has its own name only."""

_UNITS = {
    "probability": "概率",
    "difference of rates": "比率之差",
    "ratio of log-odds": "對數勝算之比",
    "ratio to base rate": "相對整體比率的倍數",
    "score": "評分",
    "share": "比例",
    "share of coming defaults": "佔即將違約個案的比例",
    "share of outcomes": "佔結果的比例",
    "share of protected attributes": "佔受保護特徵的比例",
    "share of rows": "佔行數的比例",
    "squared probability": "概率平方",
    "Cramér's V": "克拉默 V 值",
    "as declared": "按所申報的單位",
    "as declared, per row": "每行，按所申報的單位",
    "as the metric": "按所用指標",
    "distance": "距離",
    "features": "特徵數目",
    "index": "指數",
    "kWh per 1,000 decisions": "每千項決定的千瓦時",
    "kg CO2e per 1,000 decisions": "每千項決定的公斤二氧化碳當量",
    "minutes": "分鐘",
    "nats": "奈特",
    "per 1,000 outputs": "每千項輸出",
    "population stability index": "群體穩定指數",
    "ratio of means": "平均值之比",
    "ratio of rates": "比率之比",
    "share of answers": "佔答案的比例",
    "share of citations": "佔引註的比例",
    "share of decisions": "佔決定的比例",
    "share of expected citations": "佔應有引註的比例",
    "share of groups": "佔組別的比例",
    "share of pairs": "佔配對的比例",
    "share of pairs of trainings": "佔訓練配對的比例",
    "share of questions": "佔問題的比例",
    "share of quotes": "佔引文的比例",
    "share of reasons": "佔理由的比例",
    "share of sentences": "佔句子的比例",
    "share of similar people treated alike": "相似人士獲同等對待的比例",
    "squared error": "誤差平方",
    "standard deviations": "標準差",
    "the metric's": "按所用指標",
    "token F1": "詞元 F1 值",
    "unit of the plan": "按計劃的單位",
    "utility a row": "每行的效用",
    "weight": "權重",
}

_REASONS = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"(\S+) rows, the plan asks for (\S+)", r"只有\1行，計劃要求\2行"),
        (r"no estimate could be formed on these data", "以這些數據無法得出估計"),
        (r"the data cannot answer: see its parts and its power", "數據不足以回答：請參閱各部分及檢定力"),
        (r"the whole interval lies below (\S+)", r"整個區間低於\1"),
        (r"the whole interval lies above (\S+)", r"整個區間高於\1"),
        (r"the interval reaches below (\S+), and so does the estimate", r"區間伸展至低於\1，估計值亦低於此數"),
        (r"the interval reaches above (\S+), and so does the estimate", r"區間伸展至高於\1，估計值亦高於此數"),
        (r"the interval reaches below (\S+), the estimate does not", r"區間伸展至低於\1，估計值則否"),
        (r"the interval reaches above (\S+), the estimate does not", r"區間伸展至高於\1，估計值則否"),
        (r"the interval reaches (\S+) or below", r"區間伸展至\1或以下"),
        (r"the estimate is below the declared (\S+)", r"估計值低於所申報的\1"),
        (r"no attribute has groups that are all large enough", "沒有任何特徵的各組別全部足夠大"),
    )
)


class Words:
    """Says things in one language."""

    def __init__(self, language: LanguageTag) -> None:
        self.language = language
        self.chinese = language != "en"

    def __call__(self, en: str, zh: str) -> str:
        """Return the words of this language."""
        return zh if self.chinese else en

    def text(self, text: Text) -> str:
        """Return this language's side of a text."""
        return text.zh if self.chinese else text.en

    def capital(self, text: str) -> str:
        """Return a text as the beginning of a sentence."""
        return text[:1].upper() + text[1:]

    def moment(self, instant: str) -> str:
        """Return the Hong Kong date and time of an instant in words."""
        local = parse_instant(instant).astimezone(HONG_KONG)
        return f"{self.text(date_text(local.date()))} {local:%H:%M} HKT"

    def listed(self, items: list[str]) -> str:
        """Return a list in one line."""
        return self(", ", "、").join(items)

    def family(self, name: str) -> str:
        """Return a family of measures in words."""
        known = FAMILY_WORDS.get(name)
        return self.text(known) if known else name

    def unit(self, unit: str) -> str:
        """Return a unit; one that somebody declared stands as it was declared."""
        return _UNITS.get(unit, f"「{unit}」") if self.chinese else unit

    def standing(self, standing: Standing) -> str:
        """Return a standing; its sign is in STANDING_SIGNS."""
        return self.text(STANDING_WORDS[standing])

    def reason(self, reason: str | None) -> str:
        """Return why something was not met; an unknown reason stands as it was recorded."""
        if reason is None or not self.chinese:
            return reason or ""
        for pattern, said in _REASONS:
            found = pattern.fullmatch(reason)
            if found:
                return found.expand(said)
        return reason

    def threshold(self, gate: Gate | None) -> str:
        """Return the threshold as registered."""
        if gate is None:
            return self("none registered", "沒有登記門檻")
        if gate.topic == "benefit":
            return self("as declared", "按申報")
        if gate.target is not None:
            return self("at least ", "不低於 ") + plain_number(gate.target)
        if gate.limit is not None:
            return self("at most ", "不高於 ") + plain_number(gate.limit)
        assert gate.limit_low is not None
        assert gate.limit_high is not None
        low, high = plain_number(gate.limit_low), plain_number(gate.limit_high)
        return self(f"between {low} and {high}", f"{low} 至 {high} 之間")

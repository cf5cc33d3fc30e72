"""Phrases that pages and the command line share: how a test is named, how facts, figures and instants are written.

Wording: "our test for paragraph 18(a)", never "complies with paragraph 18(a)".
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.questions import questions
from dualtrack.domain.records import Text, read_record
from dualtrack.domain.time import hong_kong_date, parse_instant
from dualtrack.present.charts import plain_interval, plain_number
from dualtrack.present.cites import cite_text
from dualtrack.present.text import date_text, fill, same
from dualtrack.rules.facts import firm_facts
from dualtrack.rules.topic_words import field_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.rules.records import PackData, Topic

__all__ = [
    "counted",
    "day_of",
    "fact_text",
    "interval_text",
    "iso_day",
    "joined",
    "load_words",
    "metric_text",
    "metric_words",
    "our_test",
    "value_text",
]

_PRINCIPLE = re.compile(r"P\d{1,2}")
"""How a document of numbered principles is cited."""

_LISTED_MAX = 12
"""Entries of a list shown in a sentence; more are counted."""


@cache
def load_words(name: str) -> dict[str, Text]:
    """Return the words of a page from `data/<name>.yaml`."""
    data = resources.files("dualtrack.present").joinpath("data", f"{name}.yaml").read_bytes()
    return read_record(read_yaml(data, where=f"{name}.yaml"), dict[str, Text], where=f"{name}.yaml")


def our_test(cites: Sequence[str]) -> Text:
    """Return how our test is named: for paragraphs by number, for other places by their own names."""
    if all(_PRINCIPLE.fullmatch(cite) for cite in cites):
        numbers = [cite.removeprefix("P") for cite in cites]
        word = "principle" if len(cites) == 1 else "principles"
        return Text(
            en=f"our test for {word} {joined([same(number) for number in numbers]).en}",
            zh=f"我們就原則 {'、'.join(numbers)} 所設的測試",
        )
    if all(cite[:1].isdigit() for cite in cites):
        word = "paragraph" if len(cites) == 1 else "paragraphs"
        return Text(
            en=f"our test for {word} {joined([same(cite) for cite in cites]).en}",
            zh=f"我們就第 {'、'.join(cites)} 段所設的測試",
        )
    places = joined([cite_text(cite) for cite in cites])
    return Text(en=f"our test for {places.en}", zh=f"我們就{places.zh}所設的測試")


def counted(n: int, one: str, zh: str) -> Text:
    """Return `1 rule`, `2 rules` and the Chinese with its measure word."""
    return Text(en=f"{n:,} {one}" if n == 1 else f"{n:,} {one}s", zh=f"{n:,} {zh}")


def joined(texts: Sequence[Text]) -> Text:
    """Return a list in words: `a, b and c`."""
    english = [text.en for text in texts]
    tail = f"{', '.join(english[:-1])} and {english[-1]}" if len(english) > 1 else "".join(english)
    return Text(en=tail, zh="、".join(text.zh for text in texts))


def value_text(value: object) -> str:
    """Return a fact's value as people read it; the record keeps it whole."""
    if isinstance(value, bool):
        return "yes 是" if value else "no 否"
    if isinstance(value, float):
        return plain_number(value)
    if isinstance(value, list | tuple):
        shown = ", ".join(str(item) for item in value[:_LISTED_MAX])
        more = f" (+{len(value) - _LISTED_MAX})" if len(value) > _LISTED_MAX else ""
        return f"{shown}{more}" if value else "–"
    return str(value)


def interval_text(fields: Mapping[str, object]) -> str | None:
    """Return `0.034 (0.021 to 0.047)` for evidence that carries an estimate, or None."""
    for names in (("estimate", "low", "high"), ("gap", "gap_low", "gap_high")):
        values = [fields.get(name) for name in names]
        known = [value for value in values if isinstance(value, float)]
        if len(known) == len(values):
            return "{} ({} – {})".format(*plain_interval(*known))
    return None


_METRICS = {
    "discrimination.auc": same("AUC"),
    "discrimination.auc-difference": Text(en="difference of AUC", zh="AUC 之差"),
    "calibration.expected-error": Text(en="expected calibration error", zh="預期校準誤差"),
    "calibration.slope": Text(en="calibration slope", zh="校準斜率"),
    "selection_rate": Text(en="selection rate", zh="選取率"),
    "true_positive_rate": Text(en="true positive rate", zh="真陽性率"),
    "false_positive_rate": Text(en="false positive rate", zh="假陽性率"),
    "precision": Text(en="precision", zh="精確率"),
    "accuracy": Text(en="accuracy", zh="準確率"),
}
"""Short names of what our own methods measure; anything else keeps the name that its evidence gives."""


def metric_words(value: object) -> Text:
    """Return the name of a metric or rate as people read it, or nothing where none is recorded."""
    return _METRICS.get(value, same(value)) if isinstance(value, str) else same("")


def metric_text(value: object) -> str:
    """Return the name of a metric or rate, both languages in one."""
    words = metric_words(value)
    return words.en if words.en == words.zh else f"{words.en} {words.zh}"


def iso_day(instant: str) -> str:
    """Return the Hong Kong date of an instant as `2026-11-22`."""
    return hong_kong_date(parse_instant(instant)).isoformat()


def day_of(instant: str) -> Text:
    """Return the Hong Kong date of an instant in words."""
    return date_text(hong_kong_date(parse_instant(instant)))


_POLICY = {
    "policy.guards": Text(en="guards that the release's policy configures", zh="版本政策所設的防護措施"),
    "policy.disclosure": Text(en="the release's policy shows a disclosure", zh="版本政策有否作出披露"),
    "policy.review_before_release": Text(
        en="the release's policy has a person review each output first", zh="版本政策有否規定每項輸出先經人手覆核"
    ),
    "policy.opt_out": Text(en="the release's policy honours an opt-out", zh="版本政策有否容許選擇退出"),
}
_CLAIM = {
    "claim.id": Text(en="one primary benefit claim", zh="一項主要效益主張"),
    "claim.baseline": Text(en="the claim's non-AI baseline", zh="主張所比較的非人工智能基準"),
    "claim.design": Text(en="the claim's design", zh="主張的設計"),
    "claim.minimum": Text(en="the smallest effect that the claim declares", zh="主張所訂的最低改善幅度"),
    "claim.margin": Text(en="the claim's non-inferiority margin", zh="主張的非劣性容許差距"),
}
_SIGNERS = {
    "sod.validator_independent": Text(en="validated by somebody who did not build it", zh="由非開發人員驗證"),
    "sod.approver_independent": Text(en="approved by somebody who did not build it", zh="由非開發人員批准"),
    "sod.monitor_independent": Text(en="monitored by somebody who did not build it", zh="由非開發人員監察"),
}
_DERIVED = {
    "tier": Text(en="the risk tier", zh="風險級別"),
    "use.hours_released": Text(en="tasks with the hours they release", zh="工作項目及所釋出的工時"),
    "use.undecided_hours": Text(en="tasks with the destination of their hours", zh="工作項目及工時去向"),
    "firm.staff": Text(en="number of staff", zh="員工人數"),
}
_WORDS = _POLICY | _CLAIM | _SIGNERS | _DERIVED


def fact_text(name: str, topics: Mapping[str, Topic], pack: PackData | None = None) -> Text:
    """Return what a fact's name stands for: a question, a topic of evidence, a definition; else the name itself."""
    head, _, rest = name.partition(".")
    if name in _WORDS:
        return _WORDS[name]
    if head == "use" and rest in questions():
        return questions()[rest].ask
    if head == "firm" and rest in firm_facts():
        return firm_facts()[rest].ask
    if head == "ev":
        topic, _, field = rest.partition(".")
        if topic in topics:
            title = topics[topic].title
            named = Text(en=field, zh=field_name(field).zh)
            return (
                fill(Text(en="{title}: {field}", zh="{title}：{field}"), title=title, field=named) if field else title
            )
    if head == "def" and pack is not None:
        found = [item.says for item in pack.definitions if item.name == rest]
        return found[0] if found else same(name)
    return same(name)

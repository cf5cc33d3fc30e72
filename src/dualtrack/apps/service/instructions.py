"""Whether an approved text reads like an instruction to a machine: words that were put into a document for a model to obey.

The runtime's guard against injection judges it as a document without authority. Much of what that guard suspects is ordinary in finance
("cancel all standing instructions"), so only what names a machine, or the orders of one, is a finding here. A person looks at it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, cast

from dualtrack.runtime.guards.base import Checked, Piece
from dualtrack.runtime.guards.injection import Injection

if TYPE_CHECKING:
    from dualtrack.domain.policy import RuntimePolicy

__all__ = ["SCORE_MIN", "instruction_in"]

SCORE_MIN = 500
"""Per mille of the guard from which a thing that it found counts."""

_NAMES = re.compile(
    r"\b(?:ai|ais|llms?|gpt|chatgpt|models?|chat ?bots?|bots?|assistants?|agents? (?:reading|processing)|automated agents?|prompts?|system)\b"
    r"|\b(?:previous|prior|earlier|above|preceding|original|your|hidden|secret) (?:\w+ ){0,2}(?:instructions?|rules?|orders?|guidelines?|directives?)\b"
    r"|\[/?inst|<\|?/?(?:im_|system|assistant)|人工智能|機械人|機器人|模型|助手|助理|系統(?:提示|指令|訊息)|提示詞"
    r"|(?:以上|之前|先前|上述|原有|所有|一切|你的|你嘅).{0,6}(?:指示|指令|規則|規矩|守則|提示)",
    re.IGNORECASE,
)
_ORDERS = re.compile(
    r"\b(?:tell|ask|persuade|convince) (?:the|every|each|all) (?:customers?|users?|clients?)\b|\b(?:in|to) (?:every|each) (?:answer|reply|response)\b"
    r"|\b(?:do not|don't|never) (?:cite|give a source|name a source)\b|(?:告訴|說服|叫)(?:每位|所有|該)?(?:客戶|用戶)|在(?:每個|每次|所有)?回覆(?:末|中)|(?:不要|不得|不用)(?:註明|提供|引用)(?:任何)?來源",
    re.IGNORECASE,
)
"""Orders about an answer or a customer, who is addressed as `you` in words meant for them."""

_AROUND = 12
_ORDINARY = frozenset(
    {
        "addressed",
        "bid",
        "carry-out",
        "drop-orders",
        "other-sources",
        "outcome",
        "override",
        "persona",
        "reading-order-plain",
        "stopper",
    }
)
"""What the guard also finds in ordinary passages (31 of 868 texts of ours): such a thing counts only beside the name of a machine."""


@cache
def _guard() -> Injection:
    return Injection({})


def instruction_in(text: str) -> str:
    """Return the words that read like an instruction to a machine, at most 120 of their characters; empty where there are none."""
    order = _ORDERS.search(text)
    if order is not None:
        return _shown(text, order.start(), order.end())
    no_policy = cast("RuntimePolicy", None)  # the policy of a use plays no part in what this guard says of a text
    checked = Checked("input", "", no_policy, "en", pieces=(Piece("retrieved", text),))
    for found in _guard().check(checked).findings:
        words = text[max(0, found.start - _AROUND) : found.end + _AROUND]
        if found.score >= SCORE_MIN and (found.kind not in _ORDINARY or _NAMES.search(words)):
            return _shown(text, found.start, found.end)
    return ""


def _shown(text: str, start: int, end: int) -> str:
    return " ".join(text[max(0, start - _AROUND) : end + _AROUND].split())[:120]

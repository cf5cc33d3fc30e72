"""The two or more lines that a question names: what is compared with what, what is a share of what, what is added to what."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["parts_of"]

_TIME = (
    r"(?:(?:for|in|at|as at|as of|on|during|from|by|between|of|over|under|within)?\s*(?:the\s)?(?:(?:fiscal|financial|calendar)\s)?(?:years?|quarters?|period)?\s*(?:ended|ending|end)?\s*(?:the\s)?"
    r"(?:q[1-4]\s|(?:first|second|third|fourth) quarter (?:of )?)?(?:(?:january|february|march|april|may|june|july|august|september|october|november|december)\s(?:\d{1,2},?\s)?)?(?:fy\s?)?(?:19|20)\d\d(?:[/-]\d{2,4})?(?:年度?)?)"
)
_TAIL = re.compile(rf"(?:[\s,]*{_TIME})+[\s?.]*$|[\s?.]+$|\s+respectively\s*\?*$")
_HEAD = re.compile(rf"^(?:{_TIME}[\s,]*)+")
_SHARES = (
    r"ratio of (?P<a>.+?) (?:to|over|against|and|with|versus|vs) (?P<b>.+)",
    r"(?:what|which) (?:percentage|percent|proportion|share|%) of (?P<b>.+?) (?:does|do|did|is|was|were|are|came from|comes from|relates? to|related to|constitutes?|consists? of|made up (?:of|by)|makes? up|represents?|comprises?) (?:from |made up (?:of|by) |attributable to |due to |the )?(?P<a>.+?)(?: (?:form(?: a part of)?|represent|make up|constitute|account for|comprise|contribute))?$",
    r"(?:percentage|percent|%) (?:of the )?(?P<b>total .+?) (?:does|do|did) (?P<a>.+?) (?:form|represent|make|constitute|account|comprise|contribute)",
    r"(?:percentage|proportion|%|percent|share) (?:constitution |contribution |composition |share )?(?:of |for |by |that )?(?P<a>.+?) (?:out of|over|among(?:st)?|as (?:a|an) (?:percentage|percent|proportion|share|%) of|against|relative to|compared to|compared with|to|within) (?P<b>.+)",
    r"(?P<a>.+?) (?:as|is) (?:a|an|what|which) (?:percentage|percent|proportion|share|%) of (?P<b>.+)",
    r"(?:what|which) (?:percentage|percent|proportion|share|%) (?:of|do|did|does|is|was|are|were) (?P<a>.+?) (?:constitute|account for|make up|represent|contribute to|comprise|take up|form|of|in)(?: a part of| the)? (?P<b>.+)",
    r"how much (?:percentage |percent )?(?:of |do |does |did |is |was )(?P<b>.+?) (?:is|was|are|were|constituted by|made up (?:by|of)) (?P<a>.+)",
    r"(?:percentage|proportion|%|percent|share) (?:constitution |contribution |composition |share )?(?:of |for |by )?(?P<a>.+?) (?:in|of|for|from) (?P<b>.+)",
    r"(?P<a>.+?)[- ]to[- ](?P<b>.+?) ratio",
    r"(?P<a>[^，,?？]+?)(?:佔|占)(?P<b>.+?)的?(?:百分比|百分之|比例|比重|多少|百分率)",
    r"(?P<a>[^，,?？]+?)(?:與|和|對|及)(?P<b>.+?)(?:的|之)(?:比率|比例|比)",
)  # fmt: skip
_DIFFERENCES = (
    r"(?:difference|differences)\b.*?\bbetween (?:the )?(?P<a>.+?) (?:and|versus|vs\.?) (?P<b>.+)",
    r"how much (?:more|less|higher|lower|greater) (?:is|was|are|were) (?P<a>.+?) (?:than|compared (?:to|with)) (?P<b>.+)",
    r"(?P<a>[^，,?？]+?)(?:與|和|及|比)(?P<b>.+?)(?:的|之)?(?:相差|差額|差別)",
)
_LISTS = (
    r"(?:sum|total|average|mean|combined)(?: amount| value| balance| number)?s?(?: of| for)?(?: the)? (?P<list>.+?(?:,| and | plus ).+)",
    r"(?:how much|what) (?:is|are|was|were) (?P<list>.+? and .+?) (?:combined|altogether|together|in total)",
    r"(?P<list>[^，,?？]+?(?:、|與|和|及|加).+?)(?:的)?(?:合計|總和|相加|平均|合共)",
)
_KINDS = {
    kind: tuple(map(re.compile, patterns)) for kind, patterns in (("share", _SHARES), ("difference", _DIFFERENCES))
}
_LIST = tuple(map(re.compile, _LISTS))
_AND = re.compile(r",\s*and\s+|,\s+|\s+and\s+|\s+plus\s+|、|(?<=[一-鿿])(?:與|和|及|加)(?=[一-鿿])")
_PERIOD_ONLY = re.compile(rf"^(?:{_TIME}|[\s,]|\band\b|\bthe\b|\d{{4}})*$")


def parts_of(lower: str, kind: Literal["share", "difference", "list"]) -> tuple[str, ...]:
    """Return the lines that a question in lower case names, without their periods; empty where it names fewer than two."""
    text = _trim(lower)
    if kind == "list":
        for pattern in _LIST:
            if (match := pattern.search(text)) is not None:
                parts = [_trim(part) for part in _AND.split(match["list"])]
                parts = [part for part in parts if part and not _PERIOD_ONLY.match(part)]
                return tuple(parts) if len(parts) > 1 else ()
        return ()
    for pattern in _KINDS[kind]:
        if (match := pattern.search(text)) is not None:
            one, other = _trim(match["a"]), _trim(match["b"])
            if one and other and not _PERIOD_ONLY.match(one) and not _PERIOD_ONLY.match(other):
                return (one, other)
            if kind == "share" and (one or other):
                return (one or other, other or one)
    return ()


def _trim(text: str) -> str:
    return _HEAD.sub("", _TAIL.sub("", text.strip())).strip(" ,?.")

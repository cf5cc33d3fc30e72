"""Known-wrong items: what a firm plants among held reviews to see whether people as a group catch it.

An item is the firm's own: a question or row, a draft that is known to be wrong, the passage that makes it so, and why. It lies
sealed in the content vault; the ledger holds digests of a stock, who laid it in, and the share that may be planted.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from dualtrack.domain.decision import DecisionId
from dualtrack.domain.forms import Digest, Slug, UseName
from dualtrack.domain.records import Record, Value
from dualtrack.errors import FieldError

__all__ = [
    "ITEMS_MAX",
    "SHARE_PERCENT_MAX",
    "STOCK_FORMAT",
    "TEXT_CHARACTERS_MAX",
    "DraftCall",
    "KnownWrong",
    "Planted",
    "ReviewStock",
    "Said",
    "StockFile",
    "StockedItem",
    "check_item",
    "draft_bytes",
    "repaired",
]

STOCK_FORMAT = "dualtrack.review-stock/1"

ITEMS_MAX = 500
"""Items of one stock: a year of a busy desk at five in a hundred."""

SHARE_PERCENT_MAX = 25
"""Largest share that may be planted: above a quarter the queue is a test, and customers wait for it."""

TEXT_CHARACTERS_MAX = 20_000
"""Longest text of an item: longer ones are not read to their end."""

_LIST_MAX = 100
_encode = msgspec.json.Encoder(order="sorted").encode

_Short = Annotated[str, Meta(min_length=1, max_length=TEXT_CHARACTERS_MAX)]


class Said(Record, frozen=True):
    """One message of a conversation that an item stands for."""

    role: Literal["user", "assistant"]
    text: _Short


class DraftCall(Record, frozen=True):
    """A tool that a draft asks for, with its arguments: a JSON object as text, in the order in which the model writes them."""

    tool: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]
    arguments: _Short


class KnownWrong(Record, frozen=True):
    """One item. `asked` is a row of fields or a conversation, `wrong` the passage of the draft that must not stand.

    `wrong` stands in the draft as a reviewer sees it; `why` says what is wrong with it, for whoever measures afterwards.
    `language` is that of a row's call; a conversation's is read from its words, as those of customers are. `calls` are tools
    that a conversation's draft asks for.
    """

    asked: (
        Annotated[dict[str, Value], Meta(min_length=1, max_length=500)]
        | Annotated[list[Said], Meta(min_length=1, max_length=_LIST_MAX)]
    )
    draft: Value
    wrong: _Short
    why: _Short
    language: Literal["en", "zh-Hant"] = "en"
    reasons: Annotated[list[_Short], Meta(max_length=_LIST_MAX)] = []
    calls: Annotated[list[DraftCall], Meta(max_length=_LIST_MAX)] = []


class StockFile(Record, frozen=True):
    """What a firm writes: items for one use, and how many of a hundred held reviews may be planted ones."""

    format: str
    use: UseName
    share_percent: Annotated[int, Meta(ge=1, le=SHARE_PERCENT_MAX)]
    items: Annotated[list[KnownWrong], Meta(min_length=1, max_length=ITEMS_MAX)]


class ReviewStock(Record, frozen=True):
    """What the ledger says of a stock: digests, share, and who of the second line laid it in. Signed by that person."""

    format: str
    use: UseName
    share_percent: int
    items: list[Digest]
    by: Slug
    at: str


class StockedItem(Record, frozen=True):
    """An item as it lies sealed in the vault."""

    use: UseName
    by: Slug
    item: KnownWrong


class Planted(Record, frozen=True):
    """An item that was planted, or (`signals`) entries about it that must not count. Sealed; no ledger entry says so.

    `by` is who planted it by hand; None where the server did by itself.
    """

    use: UseName
    review: DecisionId
    decision: DecisionId
    item: Digest
    at: str
    signals: list[int] = []
    by: str | None = None


def check_item(item: KnownWrong, where: str) -> None:
    """Raise FieldError for an item whose wrong passage is not in its draft, or for a conversation that nobody began."""
    shown = draft_bytes(item).decode()
    if repaired(item, shown):
        raise FieldError(
            "the wrong passage is not in the draft", where=f"{where}, field wrong", fix="quote it as the draft has it"
        )
    if isinstance(item.asked, list) and (item.asked[-1].role != "user" or not isinstance(item.draft, str)):
        raise FieldError(
            "a conversation without a question at its end, or a draft that is no text", where=where,
            fix="end `asked` with what the user said, and give the answer as text",
        )  # fmt: skip
    if item.calls and isinstance(item.asked, dict):
        raise FieldError("tool calls about a row", where=f"{where}, field calls", fix="leave them out")
    for number, call in enumerate(item.calls):
        if not _is_object(call.arguments):
            raise FieldError(
                "no JSON object",
                where=f"{where}, field calls[{number}].arguments",
                expected="""a text as {"page": 3}""",
            )


def draft_bytes(item: KnownWrong) -> bytes:
    """Return the draft as the runtime keeps outputs; ids of calls are given when it is planted."""
    if not item.calls:
        return _encode(item.draft)
    calls = [{"function": {"arguments": call.arguments, "name": call.tool}} for call in item.calls]
    return _encode({"text": item.draft, "tool_calls": calls})


def repaired(item: KnownWrong, text: str) -> bool:
    """Tell whether the wrong passage no longer stands in a text; space, case and width of signs do not matter."""
    return _bare(item.wrong) not in _bare(_unquoted(text))


def _unquoted(text: str) -> str:
    """Return a text that is kept as a JSON string as it reads, one with tool calls with their names and arguments."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    if isinstance(found, dict) and set(found) == {"text", "tool_calls"} and isinstance(found["tool_calls"], list):
        functions = [call.get("function") for call in found["tool_calls"] if isinstance(call, dict)]
        said = [f"{item.get('name')}\n{item.get('arguments')}" for item in functions if isinstance(item, dict)]
        return "\n".join([str(found["text"]), *said])
    return found if isinstance(found, str) else text


def _is_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, RecursionError):
        return False


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())

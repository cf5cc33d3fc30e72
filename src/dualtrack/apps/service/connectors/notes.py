"""The note for the agent who takes over at the desk: quotations and names of things, in both languages, no word of our own about them."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from dualtrack.apps.service.summary import summarise
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Text, read_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.conversations import Conversation, Line
    from dualtrack.apps.service.summary import Quoted

__all__ = ["hand_over_note"]

_TITLE = Text(en="Handed over by the assistant", zh="由助理轉交")
_FIRST = Text(en="Asked first", zh="最初提問")
_NEWEST = Text(en="Wrote last", zh="最近來訊")
_GIVEN = Text(en="Given already, do not ask again", zh="客戶已提供，毋須再問")
_SOURCES = Text(en="Answered from", zh="回覆依據")
_DUE = Text(en="To be answered by", zh="回覆時限")
_ERASED = Text(en="Messages erased", zh="已刪除的訊息")
_WORDS = "words.yaml"


def hand_over_note(found: Conversation, lines: Sequence[Line]) -> str:
    """Return the note: why a person was called, until when, the customer's own words, what was answered from and what they gave."""
    told, row = summarise(lines), found.row
    why = ", ".join(_said("why", name) for name in str(row["why"] or "").split())
    said = [f"{_both(_TITLE)}: {why}" if why else _both(_TITLE)]
    if row["due_at"] is not None:
        said.append(f"{_both(_DUE)}: {row['due_at']}")
    if told.first is not None:
        said.append(_quote(_both(_FIRST), told.first))
    said += [_quote(_said("why", name), quoted) for name, quoted in told.called]
    if told.newest is not None:
        said.append(_quote(_both(_NEWEST), told.newest))
    sources = dict.fromkeys(source for answer in told.answered for source in answer.sources)
    if sources:
        said.append(f"{_both(_SOURCES)}: {', '.join(sources)}")
    if told.given:
        given = dict.fromkeys(f"{_said('given', item.kind)} (#{item.number})" for item in told.given)
        said.append(f"{_both(_GIVEN)}: {', '.join(given)}")
    if told.erased:
        said.append(f"{_both(_ERASED)}: {told.erased}")
    return "\n".join(said)


def _quote(head: str, quoted: Quoted) -> str:
    """Return a quotation under its head, each line of it marked as one, so that it cannot pass for a line of the note."""
    text = "\n".join(f"> {line}" for line in quoted.text.splitlines())
    return f"{head} (#{quoted.number}):\n{text}{' …' if quoted.cut else ''}"


def _said(kind: str, name: str) -> str:
    """Return what people call a reason or a kind of data; its own name where no word is kept for it."""
    text = _words().get(f"{kind}_{name}")
    return name if text is None else _both(text)


def _both(text: Text) -> str:
    return f"{text.en} / {text.zh}"


@cache
def _words() -> dict[str, Text]:
    data = resources.files("dualtrack.apps.service").joinpath(_WORDS).read_bytes()
    return read_record(read_yaml(data, where=_WORDS), dict[str, Text], where=_WORDS)

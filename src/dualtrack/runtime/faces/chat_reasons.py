"""Reasons of an answer in a conversation: titles of the approved passages that it names, in both languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from dualtrack.domain.records import Text
    from dualtrack.runtime.call import Call
    from dualtrack.runtime.engine import Runtime

__all__ = ["CITED", "CITED_MAX", "cited_titles"]

CITED_MAX = 10
"""Titles kept of one answer: more is not read, and a model may write as many ids as it likes."""

CITED = re.compile(r"\[([A-Za-z0-9][A-Za-z0-9_.-]{0,60})\]")
"""How an answer names a passage: its id in square brackets."""


def cited_titles(runtime: Runtime, call: Call, output: bytes | None) -> tuple[Text, ...]:
    """Return titles of the passages that an output names by id, in its order; what is no passage of the use is passed over."""
    if output is None or b"[" not in output:  # JSON leaves brackets as they are
        return ()
    plain = msgspec.json.decode(output)
    text = plain.get("text") if isinstance(plain, dict) else plain
    if not isinstance(text, str):
        return ()
    named = CITED.findall(text)
    titles = runtime.shelf.titles(call.live, call.language) if named else {}
    return tuple(dict.fromkeys(titles[name] for name in named if name in titles))[:CITED_MAX]

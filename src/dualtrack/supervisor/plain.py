"""Text that came from outside, made fit to be shown: nothing in it can move a cursor, change a direction or pose as ours."""

from __future__ import annotations

import unicodedata

__all__ = ["SHOWN_CHARACTERS_MAX", "plain_text"]

SHOWN_CHARACTERS_MAX = 400
"""Characters shown of one foreign text: a title or a task in one paragraph; the record keeps it whole."""

_LEFT_OUT = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that steer a terminal or reader instead of being read: controls, bidi marks, private use, line marks."""


def plain_text(text: object, *, most: int = SHOWN_CHARACTERS_MAX) -> str:
    """Return the text in one line without control and format characters, cut at `most` characters.

    White space becomes one space; anything else of the categories above is dropped.
    """
    spaced = "".join(" " if character.isspace() else character for character in str(text)[: 4 * most])
    kept = "".join(character for character in spaced if unicodedata.category(character) not in _LEFT_OUT)
    line = " ".join(kept.split())
    return line if len(line) <= most else line[: most - 1] + "…"

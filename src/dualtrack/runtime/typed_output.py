"""What a reviewer typed, read as an output of the use: a text where its outputs are texts, else the data that it writes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from dualtrack.errors import NotFoundError

if TYPE_CHECKING:
    from dualtrack.domain.decision import Decision
    from dualtrack.store.content import ContentVault

__all__ = ["read_typed"]

_BARE = re.compile(r'(?<!\\)"')


def read_typed(contents: ContentVault, record: Decision, text: str, *, chat: bool) -> Any:  # noqa: ANN401 - whatever the use's outputs are
    """Return what a reviewer of a decision typed, in the form of its draft; without one, words belong to a conversation."""
    return _typed(text, words=_is_words(contents, record, chat=chat))


def _is_words(contents: ContentVault, record: Decision, *, chat: bool) -> bool:
    if record.output is None:
        return chat
    try:
        return isinstance(json.loads(contents.open(record.output)), str)
    except (NotFoundError, ValueError):
        return chat


def _typed(text: str, *, words: bool) -> Any:  # noqa: ANN401 - whatever the use's outputs are
    """Return what a reviewer typed. Drafts are shown as JSON: its quotation marks may be there still, or gone."""
    if words and len(text) > 1 and text[0] == text[-1] == '"':
        marked = _BARE.sub(r'\\"', text[1:-1])  # those that were typed inside
        found = _parsed(f'"{marked}"')
    else:
        found = _parsed(text)
    return found if found is not None and (isinstance(found, str) or not words) else text


def _parsed(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        found = json.loads(text, strict=False, parse_constant=_no_number)  # line ends as people type them
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):  # plain words, half a character, or nested beyond any output
        return None
    return found


def _no_number(name: str) -> Any:  # noqa: ANN401 - it returns nothing
    raise ValueError(name)
